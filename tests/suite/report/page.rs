//! The page of a history.

use selvedge::report::intervals::{Interval, Mark, html};

/// So many operations of three processes, of which the last one is stuck.
fn history(operations: usize) -> Vec<Interval> {
    let interval = |nth: usize| Interval {
        process: nth % 3,
        who: format!("process {}", nth % 3),
        label: format!("CompareAndSwap({nth}) -> Swapped(true)"),
        from: 3 * nth as u64,
        to: (nth % 7 != 5).then_some(3 * nth as u64 + 8),
        mark: if nth + 1 == operations { Mark::Stuck } else { Mark::Ordered(nth + 1) },
    };
    (0..operations).map(interval).collect()
}

/// The drawings of a page: how wide and how high each is, and what is in it.
fn drawings(page: &str) -> Vec<(u32, u32, &str)> {
    let size = |svg: &str, name: &str| {
        let from = svg.find(name).unwrap() + name.len();
        svg[from..].split('"').next().unwrap().parse().unwrap()
    };
    let of = |svg| (size(svg, "width=\""), size(svg, "height=\""), svg);
    page.split("<svg ").skip(1).map(|rest| of(rest.split("</svg>").next().unwrap())).collect()
}

/// Nobody scrolls to the right: long histories are cut, and nothing is lost.
#[test]
fn a_drawing_is_no_wider_than_a_window() {
    for operations in [1, 5, 87, 1_000] {
        let all = history(operations);
        let page = html("violated", &[], &[], &all);
        let drawings = drawings(&page);
        assert!(drawings.iter().all(|(wide, ..)| *wide <= 1_200), "{operations}");
        for (.., svg) in &drawings {
            let rows = svg.matches("class=\"who\"").count();
            let distinct = (0..3).filter(|nth| svg.contains(&format!(">process {nth}<"))).count();
            assert_eq!(rows, distinct, "each row of each strip has its name, once: {svg}");
        }
        for interval in &all {
            let title = format!("<title>{}", interval.label.replace('>', "&gt;"));
            assert!(page.contains(&title), "{operations}: {title} is missing");
        }
    }
}

/// The failing operation stands in the first window, in words.
#[test]
fn what_fails_is_in_view() {
    let all = history(1_000);
    let page = html("violated", &["a sentence".to_string()], &all[990..], &all);
    let mut high = 0;
    let in_view: Vec<_> = drawings(&page)
        .into_iter()
        .take_while(|(_, height, _)| {
            high += height;
            high < 700
        })
        .collect();
    let is_said = |svg: &str| {
        let stuck = svg.split("<g class=\"stuck\">").nth(1);
        stuck.is_some_and(|bar| bar.split("</g>").next().unwrap().contains(">CompareAndSwap(999)"))
    };
    assert!(in_view.iter().any(|(.., svg)| is_said(svg)));
    assert!(!page.contains("Where it goes wrong") || page.contains("More of the history"));
    // where all fits, it is drawn once
    let few = history(3);
    assert!(!html("violated", &[], &few, &few).contains("Where it goes wrong"));
}

/// Where numbers stand for labels, a list says what they are: the same numbers in both drawings.
#[test]
fn numbers_are_explained() {
    let all = history(100);
    let page = html("violated", &[], &all[60..], &all);
    assert_eq!(page.matches("<ol>").count(), 2, "both are long");
    let item = "value=\"100\">CompareAndSwap(99) -&gt; Swapped(true) (process 0)</li>";
    assert_eq!(page.matches(item).count(), 2, "{page}");
    assert!(drawings(&page).iter().any(|(.., svg)| svg.contains(">100</text>")));
    assert!(!html("holds", &[], &[], &history(5)).contains("<ol>"), "labels fit");
}

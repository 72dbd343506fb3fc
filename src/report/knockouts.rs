//! Draws knockouts: the source lines that synchronise, each with a mark, and survivors as warnings.

use super::fields::Fields;
use super::style::{Ink, Style};
use super::text::{clean, count, pad};
use crate::vocabulary::Change;
use crate::vocabulary::fate::{Fate, KnockoutReport, Mark, ModelUsed, SiteSeen, Tried, Unseen};
use serde::Serialize;
use std::collections::BTreeMap;

/// Returns the text of a source file, if it is available.
pub type Sources<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns the listing of a report: files, lines with their marks, and knockouts with their fates;
/// then a warning for each survivor and a closing line. Without a source, it shows line numbers.
#[must_use]
pub fn text(report: &KnockoutReport, style: &Style, sources: Sources<'_>) -> String {
    let mut text =
        style.paint(Ink::Heading, &format!("knockouts of {}", clean(&report.name))) + "\n";
    for (model, why) in &report.unused {
        text += &format!(
            "{}\n",
            style.paint(Ink::Wrong, &format!("  not used: {}: {}", clean(model), clean(why)))
        );
    }
    for model in report.models.iter() {
        if let Some(why) = &model.without_graphs {
            let by = match model.weak_memory {
                Some(explorer) => format!("weak memory by {explorer}"),
                None => "no weak memory".to_string(),
            };
            text += &format!("  {by}: {}: {}\n", clean(&model.name), clean(why));
        }
    }
    let mut files: BTreeMap<&str, BTreeMap<u32, Vec<usize>>> = BTreeMap::new();
    for (at, seen) in report.sites.iter().enumerate() {
        files.entry(&seen.site.file).or_default().entry(seen.site.line).or_default().push(at);
    }
    for (file, lines) in files {
        text += &format!("\n{}\n", clean(file));
        let source = sources(file);
        for (line, sites) in lines {
            let mark = sites.iter().map(|at| report.mark(*at)).max().unwrap_or(Mark::Nothing);
            let code = source
                .as_deref()
                .and_then(|source| source.lines().nth(line as usize - 1))
                .unwrap_or_default();
            let head = format!("  {} {line:>5} | {}", painted(mark, style), clean(code.trim()));
            text += &format!("{}\n", head.trim_end());
            for tried in report.knockouts.iter().filter(|tried| sites.contains(&tried.site)) {
                text += &format!("{:21}{}\n", "", fate(tried));
            }
        }
    }
    for tried in &report.knockouts {
        match (&tried.fate, &tried.explained) {
            (Fate::Survived(_), None) => {
                text += &format!("\n{}\n", warning(tried, &report.sites[tried.site], style))
            }
            (Fate::Unseen(why, _), None) => {
                text +=
                    &format!("\n{}\n", undecided(tried, *why, &report.sites[tried.site], style));
            }
            (Fate::Survived(_) | Fate::Unseen(..), Some(_))
            | (Fate::Killed(_) | Fate::Undecided(_), _) => {}
        }
    }
    for seen in report.needlessly_explained() {
        text += &format!(
            "\nnote: {}: load_bearing_elsewhere stands here, but the models notice\n",
            clean(&seen.site.to_string())
        );
    }
    text + "\n" + &closing(report, style) + "\n"
}

/// `knockouts of queue: 31 sites in 10 models, 61 knockouts: 48 killed, 11 explained, 2 SURVIVED`
#[must_use]
pub fn closing(report: &KnockoutReport, style: &Style) -> String {
    let unused = match report.unused.len() {
        0 => String::new(),
        n => format!(", {n} NOT USED"),
    };
    let line = format!(
        "knockouts of {}: {} in {}{unused}, {}: {}",
        clean(&report.name),
        count(report.sites.len() as u64, "site"),
        count(report.models.len() as u64, "model"),
        count(report.knockouts.len() as u64, "knockout"),
        counted(std::slice::from_ref(report))
    );
    style.paint(if report.is_load_bearing() { Ink::Right } else { Ink::Wrong }, &line)
}

/// `knockouts: 43 sites, 45 knockouts: 36 killed, 9 explained`: the total of all groups.
#[must_use]
pub fn total(reports: &[KnockoutReport], style: &Style) -> String {
    let sites = reports.iter().map(|report| report.sites.len()).sum::<usize>();
    let knockouts = reports.iter().map(|report| report.knockouts.len()).sum::<usize>();
    let (sites, knockouts) = (count(sites as u64, "site"), count(knockouts as u64, "knockout"));
    let is_right = !reports.is_empty() && reports.iter().all(KnockoutReport::is_load_bearing);
    let line = format!("knockouts: {sites}, {knockouts}: {}", counted(reports));
    style.paint(if is_right { Ink::Right } else { Ink::Wrong }, &line)
}

/// `36 killed, 9 explained`
fn counted(reports: &[KnockoutReport]) -> String {
    let words = [
        (Mark::Killed, "killed"),
        (Mark::Explained, "explained"),
        (Mark::Survived, "SURVIVED"),
        (Mark::Undecided, "UNDECIDED"),
    ];
    let number = |mark| reports.iter().map(|report| report.count(mark)).sum::<usize>();
    let said = words.iter().map(|(mark, word)| (number(*mark), *mark, word));
    let said = said.filter(|(number, mark, _)| *number > 0 || *mark == Mark::Killed);
    said.map(|(number, _, word)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
}

fn painted(mark: Mark, style: &Style) -> String {
    let (word, ink) = match mark {
        Mark::Nothing => ("-", Ink::Faint),
        Mark::Killed => ("killed", Ink::Right),
        Mark::Explained => ("explained", Ink::Odd),
        Mark::Undecided => ("UNDECIDED", Ink::Wrong),
        Mark::Survived => ("SURVIVED", Ink::Wrong),
    };
    style.paint(ink, &pad(word, 9))
}

/// `lock skipped: killed by account/locked: data race, 1 preemption, 9 events`
fn fate(tried: &Tried) -> String {
    let what = format!("{} {}", tried.knockout.site.operation, tried.knockout.change);
    match &tried.fate {
        Fate::Killed(found) => format!(
            "{what}: killed by {}: {}, {}, {}",
            clean(found.model.split('+').next().unwrap_or_default()),
            found.kind,
            count(found.preemptions as u64, "preemption"),
            count(found.trace.events.len() as u64, "event")
        ),
        Fate::Survived(_) => match &tried.explained {
            Some(why) => format!("{what}: explained: {} ({})", clean(why), extent(tried)),
            None => format!("{what}: SURVIVED ({})", extent(tried)),
        },
        Fate::Unseen(why, _) => match &tried.explained {
            Some(said) => format!("{what}: explained: {} ({})", clean(said), unseen(*why)),
            None => format!("{what}: UNDECIDED: {}", unseen(*why)),
        },
        Fate::Undecided(why) => format!("{what}: UNDECIDED: {}", clean(why)),
    }
}

fn is_unseen(tried: &Tried) -> bool {
    tried.explained.is_none() && matches!(tried.fate, Fate::Unseen(..))
}

fn unseen(why: Unseen) -> &'static str {
    match why {
        Unseen::NothingWatched => {
            "nothing in these models depends on what is published, as far as they watch memory"
        }
        Unseen::NoWeakMemory => {
            "only weak memory shows what SeqCst adds, and none of these models was explored there"
        }
    }
}

/// Explains what a reader can do about an ordering that the models cannot judge.
fn undecided(tried: &Tried, why: Unseen, seen: &SiteSeen, style: &Style) -> String {
    let advice = match why {
        Unseen::NothingWatched => {
            "Do not weaken it for that. Announce the memory that it publishes with \
             selvedge::cell::write(ptr) and\n         \
             selvedge::cell::read(ptr) right before each access (or keep it in a \
             selvedge::cell::UnsafeCell)"
        }
        Unseen::NoWeakMemory => {
            "Do not weaken it for that. Add a model that graphs or loom can explore"
        }
    };
    format!(
        "{} {}:{}: `{}` {}: {}.\n         {advice}, or say\n         why no model need notice with \
         selvedge::load_bearing_elsewhere. Executed by {}.",
        style.paint(Ink::Wrong, "undecided:"),
        clean(&seen.site.file),
        seen.site.line,
        clean(&seen.site.operation),
        tried.knockout.change,
        unseen(why),
        clean(&seen.models.join(", "))
    )
}

/// `exhaustively: 3 models`, `bounded: queue/drain: exhaustive: bounded by 3000 ms, 1200
/// executions`
fn extent(tried: &Tried) -> String {
    let Fate::Survived(coverages) = &tried.fate else { return String::new() };
    let models = count(coverages.len() as u64, "model");
    if tried.is_exhaustive() {
        let weak = coverages.iter().all(|(_, coverage)| coverage.is_weak());
        let weak = if weak { ", weak memory included" } else { "" };
        return format!("{models}, exhaustively{weak}");
    }
    let bounded = coverages.iter().filter(|(_, coverage)| !tried.is_all(coverage));
    let bounded: Vec<String> =
        bounded.map(|(model, coverage)| format!("{model}: {coverage}")).collect();
    format!("{models}, bounded: {}", clean(&bounded.join("; ")))
}

/// Explains what a reader can do about a survivor.
fn warning(tried: &Tried, seen: &SiteSeen, style: &Style) -> String {
    let operation = clean(&seen.site.operation);
    let advice = match tried.knockout.change {
        Change::Weaker(_, order) => {
            format!("{order:?} is enough for these models, and the memory that they watch")
        }
        Change::Split => {
            "these models never have another thread come between its load and its store".to_string()
        }
        Change::One => "these models never have two waiters that both must wake".to_string(),
        Change::Demoted => "these models never read while it writes".to_string(),
        Change::Unconditional => "these models never have it find another value".to_string(),
        Change::Skipped | Change::Dropped => "these models do not need it".to_string(),
        Change::Spurious | Change::TimesOut => "these models do not need it to wait".to_string(),
    };
    let head = style.paint(Ink::Wrong, "warning:");
    format!(
        "{head} {}:{}: `{operation}` {} survived: {advice}.\n         \
         It is stronger than needed, or untested: weaken it, add a model that fails without it, or \
         say why with\n         \
         selvedge::load_bearing_elsewhere. Executed by {}.",
        clean(&seen.site.file),
        seen.site.line,
        tried.knockout.change,
        clean(&seen.models.join(", "))
    )
}

/// Returns the knockouts for programs: one JSON document.
///
/// * `version`: of this format: 1
/// * `summary`: `sites`, `knockouts`, `killed`, `explained`, `survived`, `undecided`, `unseen` (of
///   the undecided, those that no model could have noticed), `unused`: sums over the groups
/// * `groups[]`: `name`; `models[]`: `name`, `coverage`, `weak_memory` (an explorer),
///   `without_graphs` (why); `unused[]`: `model`,
///   `why`; `sites[]`; `knockouts[]`
/// * `….sites[]`: `file`, `line`, `column`, `operation`, `models`, `explained`, `mark`
/// * `….knockouts[]`: `name`, `site` (place in `sites`), `change`, `fate` (`killed`, `explained`,
///   `survived`, `undecided`), `why` (of what is explained or undecided), `exhaustive`,
///   `coverage[]`, `counterexample` (as in [`json`](super::json))
#[must_use]
pub fn document(reports: &[KnockoutReport]) -> String {
    let sum = |mark| reports.iter().map(|report| report.count(mark)).sum();
    let document = Document {
        version: 1,
        summary: Summary {
            sites: reports.iter().map(|report| report.sites.len()).sum(),
            knockouts: reports.iter().map(|report| report.knockouts.len()).sum(),
            killed: sum(Mark::Killed),
            explained: sum(Mark::Explained),
            survived: sum(Mark::Survived),
            undecided: sum(Mark::Undecided),
            unseen: reports
                .iter()
                .flat_map(|report| &report.knockouts)
                .filter(|tried| is_unseen(tried))
                .count(),
            unused: reports.iter().map(|report| report.unused.len()).sum(),
        },
        groups: reports.iter().map(Group::from).collect(),
    };
    // Strings, numbers and lists only: nothing of this can fail to serialise.
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Summary {
    sites: usize,
    knockouts: usize,
    killed: usize,
    explained: usize,
    survived: usize,
    undecided: usize,
    unseen: usize,
    unused: usize,
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    models: Vec<Model<'a>>,
    unused: Vec<Unused<'a>>,
    sites: Vec<Site<'a>>,
    knockouts: Vec<Knockout<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    coverage: String,
    weak_memory: Option<String>,
    without_graphs: Option<&'a str>,
}

#[derive(Serialize)]
struct Unused<'a> {
    model: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct Site<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    operation: &'a str,
    models: &'a [String],
    explained: Option<&'a str>,
    mark: &'static str,
}

#[derive(Serialize)]
struct Knockout<'a> {
    name: String,
    site: usize,
    change: String,
    fate: &'static str,
    why: Option<&'a str>,
    exhaustive: bool,
    coverage: Vec<String>,
    counterexample: Option<Fields>,
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Nothing => "nothing",
        Mark::Killed => "killed",
        Mark::Explained => "explained",
        Mark::Undecided => "undecided",
        Mark::Survived => "survived",
    }
}

impl<'a> From<&'a KnockoutReport> for Group<'a> {
    fn from(report: &'a KnockoutReport) -> Self {
        let model = |m: &'a ModelUsed| Model {
            name: &m.name,
            coverage: m.coverage.to_string(),
            weak_memory: m.weak_memory.map(|explorer| explorer.to_string()),
            without_graphs: m.without_graphs.as_deref(),
        };
        let site = |(at, seen): (usize, &'a SiteSeen)| Site {
            file: &seen.site.file,
            line: seen.site.line,
            column: seen.site.column,
            operation: &seen.site.operation,
            models: &seen.models,
            explained: seen.explained.as_deref(),
            mark: word(report.mark(at)),
        };
        Group {
            name: &report.name,
            models: report.models.iter().map(model).collect(),
            unused: report.unused.iter().map(|(model, why)| Unused { model, why }).collect(),
            sites: report.sites.iter().enumerate().map(site).collect(),
            knockouts: report.knockouts.iter().map(Knockout::from).collect(),
        }
    }
}

impl<'a> From<&'a Tried> for Knockout<'a> {
    fn from(tried: &'a Tried) -> Self {
        let (why, coverage, counterexample) = match &tried.fate {
            Fate::Killed(found) => (None, Vec::new(), Some(Fields::from(&**found))),
            Fate::Survived(models) => {
                let coverage =
                    models.iter().map(|(model, coverage)| format!("{model}: {coverage}")).collect();
                (tried.explained.as_deref(), coverage, None)
            }
            Fate::Unseen(why, models) => {
                let coverage =
                    models.iter().map(|(model, coverage)| format!("{model}: {coverage}")).collect();
                (Some(tried.explained.as_deref().unwrap_or(unseen(*why))), coverage, None)
            }
            Fate::Undecided(why) => (Some(why.as_str()), Vec::new(), None),
        };
        Knockout {
            name: tried.knockout.to_string(),
            site: tried.site,
            change: tried.knockout.change.to_string(),
            fate: word(tried.mark()),
            why,
            exhaustive: tried.is_exhaustive(),
            coverage,
            counterexample,
        }
    }
}

//! The committed corpus of every fuzz target, without libFuzzer: what a fuzzer once found stays
//! found.

use selvedge::fuzz::TARGETS;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(path)
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Runs a target over a folder. How many files there were.
fn run(target: fn(&[u8]), folder: &Path) -> Result<usize, String> {
    let files = files(folder);
    if files.is_empty() {
        return Err(format!("{} is empty", folder.display()));
    }
    for file in &files {
        let bytes = fs::read(file).expect("a readable file");
        catch_unwind(AssertUnwindSafe(|| target(&bytes)))
            .map_err(|_| format!("see above: {}", file.display()))?;
    }
    Ok(files.len())
}

#[test]
fn every_target_accepts_its_corpus() {
    for (name, target) in TARGETS {
        let ran = run(*target, &folder("corpus").join(name))
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        println!("{name}: {ran} files");
    }
}

#[test]
fn every_target_accepts_the_corpora_of_the_others() {
    for (name, target) in TARGETS {
        for (other, _) in TARGETS {
            run(*target, &folder("corpus").join(other))
                .unwrap_or_else(|why| panic!("{name} over {other}: {why}"));
        }
    }
}

#[test]
fn a_target_that_fails_is_noticed_and_its_file_named() {
    let why = run(|bytes| assert!(bytes.is_empty()), &folder("corpus").join("token"))
        .expect_err("a failing target");
    assert!(why.contains("corpus/token/"), "{why}");
}

#[test]
fn an_empty_folder_is_an_error() {
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty-corpus");
    fs::create_dir_all(&empty).expect("a folder");
    assert!(run(|_| (), &empty).is_err_and(|why| why.ends_with("is empty")));
}

/// One name on every side: the function, the file, the binary, the folder.
#[test]
fn targets_binaries_and_corpora_are_the_same() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| name.to_string()).collect();
    let names = |of: &str| -> BTreeSet<String> {
        files(&folder(of))
            .iter()
            .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("fuzz/Cargo.toml");
    let binaries: BTreeSet<String> = manifest
        .lines()
        .skip_while(|line| *line != "[[bin]]")
        .filter_map(|line| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.to_string()))
        .collect();
    assert_eq!(binaries, targets);
    for name in &targets {
        let source = fs::read_to_string(folder("fuzz_targets").join(name).with_extension("rs"))
            .expect("a source");
        assert!(
            source.contains(&format!("selvedge::fuzz::{name}(bytes)")),
            "{name} calls another function"
        );
    }
}

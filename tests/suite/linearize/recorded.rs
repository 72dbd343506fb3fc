//! The histories of tests/data/histories: each gets the verdict of the index, in the given time.

use selvedge::linearize::specifications::{CasRegister, KeyValue};
use selvedge::linearize::{Criterion, History, Recorded, Verdict, check, decide, read};
use serde::Deserialize;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// One line of the index.
#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) file: String,
    r#type: String,
    pub(crate) ops: usize,
    pending: usize,
    pub(crate) linearizable: bool,
    initial: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/histories")
}

pub(crate) fn index() -> Vec<Entry> {
    let text = fs::read_to_string(folder().join("index.jsonl")).expect("an index");
    text.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
}

/// A history that has been read.
pub(crate) enum Recording {
    Register(
        History<<CasRegister<Option<i64>> as selvedge::linearize::Specification>::Op, RegisterRet>,
    ),
    Store(
        History<
            selvedge::linearize::specifications::KeyValueOp,
            selvedge::linearize::specifications::KeyValueRet,
        >,
    ),
}

type RegisterRet = <CasRegister<Option<i64>> as selvedge::linearize::Specification>::Ret;

impl Entry {
    pub(crate) fn load(&self) -> Recording {
        let recording = match (self.r#type.as_str(), self.initial.as_deref()) {
            ("cas-register", None) => Recording::Register(self.read::<CasRegister<Option<i64>>>()),
            ("kv", Some("")) => Recording::Store(self.read::<KeyValue>()),
            other => panic!("{}: {other:?}", self.file),
        };
        let count = |pending: usize, ops: usize| {
            assert_eq!((pending, ops), (self.pending, self.ops), "{}", self.file)
        };
        match &recording {
            Recording::Register(history) => count(pending(history), history.operations.len()),
            Recording::Store(history) => count(pending(history), history.operations.len()),
        }
        recording
    }

    fn read<S: Recorded>(&self) -> History<S::Op, S::Ret> {
        let file = File::open(folder().join(&self.file)).expect("a file");
        read::<S>(BufReader::new(file)).unwrap_or_else(|why| panic!("{}, {why}", self.file))
    }
}

fn pending<Op, Ret>(history: &History<Op, Ret>) -> usize {
    history.operations.iter().filter(|operation| operation.response.is_none()).count()
}

impl Recording {
    pub(crate) fn check(&self, configurations: u64) -> Verdict {
        let criterion = Criterion::Linearizable;
        match self {
            Recording::Register(history) => {
                check(&CasRegister(None), history, criterion, configurations)
            }
            Recording::Store(history) => {
                check(&KeyValue::default(), history, criterion, configurations)
            }
        }
    }

    pub(crate) fn decide(&self, configurations: u64) -> Option<bool> {
        let criterion = Criterion::Linearizable;
        match self {
            Recording::Register(history) => {
                decide(&CasRegister(None), history, criterion, configurations)
            }
            Recording::Store(history) => {
                decide(&KeyValue::default(), history, criterion, configurations)
            }
        }
    }
}

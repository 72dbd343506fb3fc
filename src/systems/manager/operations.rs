//! The effect of each operation on a list, a dict or a value: complete, or refused with nothing
//! changed.

use super::core::Ledger;
use super::protocol::{DictOperation, Item, ListOperation, Refusal, Reply, ValueOperation};
use std::collections::BTreeMap;

impl Ledger<'_> {
    pub(super) fn list(
        &mut self,
        list: &mut Vec<Item>,
        operation: ListOperation,
    ) -> Result<Reply, Refusal> {
        let len = list.len() as u64;
        Ok(match operation {
            ListOperation::Push(item) => {
                self.take(&item)?;
                list.push(item);
                Reply::Done
            }
            ListOperation::Extend(items) => {
                items.iter().try_for_each(|item| self.take(&item))?;
                list.extend(items.iter());
                Reply::Done
            }
            ListOperation::Get(index) => self.item(at(list, index).ok().map(|item| &*item))?,
            ListOperation::Set(index, item) => {
                self.replace(at(list, index)?, item)?;
                Reply::Done
            }
            ListOperation::Len => Reply::Number(len),
            ListOperation::Pop => {
                self.check_item(list.last())?;
                Reply::Item(list.pop().inspect(|item| self.free(item)))
            }
            ListOperation::Remove(index) => {
                let item = &*at(list, index)?;
                self.check_item(Some(item))?;
                self.free(item);
                Reply::Item(Some(list.remove(index as usize)))
            }
            ListOperation::Contains(item) => Reply::Bool(list.contains(&item)),
            ListOperation::Range(start, end) => {
                let end = end.min(len);
                Reply::Items(self.all(list[start.min(end) as usize..end as usize].iter().cloned())?)
            }
            ListOperation::Update(index, apply) => self.update(at(list, index)?, &apply)?,
            ListOperation::CompareExchange { index, current, new } => {
                let slot = at(list, index)?;
                if *slot == current {
                    self.replace(slot, new)?;
                    Reply::Exchanged(None)
                } else {
                    self.found(Some(slot))?
                }
            }
            ListOperation::Clear => {
                list.drain(..).for_each(|item| self.free(&item));
                Reply::Done
            }
        })
    }

    pub(super) fn dict(
        &mut self,
        dict: &mut BTreeMap<Item, Item>,
        operation: DictOperation,
    ) -> Result<Reply, Refusal> {
        Ok(match operation {
            DictOperation::Insert(key, item) => Reply::Item(self.insert(dict, key, item)?),
            DictOperation::Get(key) => self.item(dict.get(&key))?,
            DictOperation::Remove(key) => Reply::Item(self.remove(dict, &key)?),
            DictOperation::Len => Reply::Number(dict.len() as u64),
            DictOperation::Keys => Reply::Items(self.all(dict.keys().cloned())?),
            DictOperation::Pairs => {
                Reply::Pairs(self.all(dict.iter().map(|(k, v)| (k.clone(), v.clone())))?)
            }
            DictOperation::Update { key, default, apply } => match (dict.get_mut(&key), default) {
                (Some(slot), _) => self.update(slot, &apply)?,
                (None, Some(mut item)) => {
                    self.take(&key)?;
                    self.take(&item)?;
                    let reply = self.update(&mut item, &apply)?;
                    dict.insert(key, item);
                    reply
                }
                (None, None) => return Err(Refusal::NoSuchKey),
            },
            DictOperation::CompareExchange { key, current, new } => {
                if dict.get(&key) != current.as_ref() {
                    return self.found(dict.get(&key));
                }
                match new {
                    Some(item) => self.insert(dict, key, item)?,
                    None => self.remove(dict, &key)?,
                };
                Reply::Exchanged(None)
            }
            DictOperation::Clear => {
                for (key, item) in std::mem::take(dict) {
                    self.free(&key);
                    self.free(&item);
                }
                Reply::Done
            }
        })
    }

    fn insert(
        &mut self,
        dict: &mut BTreeMap<Item, Item>,
        key: Item,
        item: Item,
    ) -> Result<Option<Item>, Refusal> {
        if let Some(slot) = dict.get_mut(&key) {
            self.check_item(Some(slot))?;
            return self.replace(slot, item).map(Some);
        }
        self.take(&key)?;
        self.take(&item)?;
        dict.insert(key, item);
        Ok(None)
    }

    fn remove(
        &mut self,
        dict: &mut BTreeMap<Item, Item>,
        key: &Item,
    ) -> Result<Option<Item>, Refusal> {
        self.check_item(dict.get(key))?;
        let Some(item) = dict.remove(key) else { return Ok(None) };
        self.free(key);
        self.free(&item);
        Ok(Some(item))
    }

    pub(super) fn value(
        &mut self,
        value: &mut Item,
        operation: ValueOperation,
    ) -> Result<Reply, Refusal> {
        Ok(match operation {
            ValueOperation::Get => self.item(Some(value))?,
            ValueOperation::Set(item) => {
                self.replace(value, item)?;
                Reply::Done
            }
            ValueOperation::Update(apply) => self.update(value, &apply)?,
            ValueOperation::CompareExchange { current, new } => {
                if *value == current {
                    self.replace(value, new)?;
                    Reply::Exchanged(None)
                } else {
                    self.found(Some(value))?
                }
            }
        })
    }
}

fn at(list: &mut [Item], index: u64) -> Result<&mut Item, Refusal> {
    let len = list.len() as u64;
    // A usize that cannot hold the index is smaller than it, so the index is out of range too.
    let place = usize::try_from(index).ok();
    place.and_then(|i| list.get_mut(i)).ok_or(Refusal::OutOfRange { index, len })
}

//! Something for each file, found by its number: the facts of a file are asked for at every step of every name.

use std::ops::Index;

use crate::source::FileId;

/// A map from files.
#[derive(Debug)]
pub struct PerFile<T>(Vec<Option<T>>);

impl<T> PerFile<T> {
    /// What there is for a file.
    pub fn get(&self, file: FileId) -> Option<&T> {
        self.0.get(file.0 as usize)?.as_ref()
    }

    /// Sets what there is for a file, and gives what there was.
    pub(super) fn insert(&mut self, file: FileId, value: T) -> Option<T> {
        let index = file.0 as usize;
        if index >= self.0.len() {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index].replace(value)
    }

    /// Takes what there is for a file.
    pub(super) fn remove(&mut self, file: FileId) -> Option<T> {
        self.0.get_mut(file.0 as usize)?.take()
    }

    /// All, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &T)> {
        (0..).zip(&self.0).filter_map(|(index, value)| Some((FileId(index), value.as_ref()?)))
    }
}

impl<T> Default for PerFile<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Panics for a file for which there is nothing.
impl<T> Index<FileId> for PerFile<T> {
    type Output = T;

    fn index(&self, file: FileId) -> &T {
        let Some(value) = self.get(file) else { unreachable!("what an item is of was read") };
        value
    }
}

//! Texts and their lines, each read once a run and only when something asks for it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::source::{FileId, Files};
use crate::text::LineIndex;

/// A text with its lines.
#[derive(Debug)]
pub struct Text {
    /// The text as it is on disk.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: LineIndex,
}

impl Text {
    /// Indexes a text.
    pub fn new(text: Arc<str>) -> Self {
        let lines = LineIndex::new(&text);
        Self { text, lines }
    }
}

/// A cache over [`Files`].
pub struct Texts<'a> {
    files: &'a dyn Files,
    read: RefCell<BTreeMap<FileId, Option<Rc<Text>>>>,
}

impl<'a> Texts<'a> {
    /// An empty cache.
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, read: RefCell::default() }
    }

    /// The text of a file, or `None` when it cannot be read.
    pub fn get(&self, file: FileId) -> Option<Rc<Text>> {
        let mut read = self.read.borrow_mut();
        let text = read
            .entry(file)
            .or_insert_with(|| self.files.read(file).ok().map(|text| Rc::new(Text::new(text))));
        text.clone()
    }
}

//! How the way of a handle ends, and where handles are kept beyond any function.

use super::fact::Fact;
use super::program::RECEIVING;
use super::solve::member_at;
use super::{Code, LocalId, Owner, Place, Proj};
use crate::facts::tree::{self, ItemId, ItemKind, Name};
use crate::model::{Model, Names, Scope, TyHead};
use crate::source::{FileId, PackageId};
use crate::text::TextRange;

/// One step on the way, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// Its file.
    pub file: FileId,
    /// The code that takes it.
    pub range: TextRange,
    /// What happens there.
    pub text: String,
}

/// How a token's way ended, with the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What happened.
    pub kind: EndKind,
    /// The file it happened in.
    pub file: FileId,
    /// Where.
    pub range: TextRange,
    /// The way, the end included.
    pub trace: Vec<TraceStep>,
    /// What has to be said of the way.
    pub way: Way,
    /// What must have been so of the parameters of the function for the handle to be born there.
    pub(super) given: Vec<(usize, Fact)>,
    /// What is known of what the function gives then, if the handle stays where its caller has it.
    pub(super) gives: Option<Fact>,
}

/// What has to be said of a way that led to an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Way {
    /// Whether it stays only because another one may have been taken in its place.
    pub passed: bool,
    /// Whether another one was taken, once.
    pub left: bool,
    /// Whether a branch on the way depends on the value that keeps the handle, so that nobody knows whether it can
    /// be taken with the handle there.
    pub swayed: bool,
}

impl End {
    /// An end on a way of which nothing more is to be said.
    pub(super) fn new(
        kind: EndKind,
        file: FileId,
        range: TextRange,
        trace: Vec<TraceStep>,
    ) -> Self {
        Self { kind, file, range, trace, way: Way::default(), given: Vec::new(), gives: None }
    }
}

/// What can happen to a handle in the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EndKind {
    /// Joined.
    Joined,
    /// Dropped without a join.
    Lost(LossKind),
    /// Goes where it is not followed.
    Escaped,
    /// Kept where it outlives the body, and not followed there.
    Stored,
    /// Returned to the caller, in this part of the value.
    Returned(Vec<Proj>),
    /// Left behind a reference that the caller gave.
    Left(Entry, Vec<Proj>),
    /// Given to what the caller passed to be called: the parameter that is called, and its argument.
    Fed(usize, usize, Vec<Proj>),
    /// Kept in a field of a type of the project, or in a static.
    Kept(Cell),
    /// Left in a variable of the body around.
    Captured(LocalId, Vec<Proj>),
    /// Put by a closure, which something else ran, into this place of the body around the closure.
    Outside(Code, Place),
    /// Looked at by reference and left where it was.
    Untouched,
    /// The process ends while it is there.
    Exits,
    /// In a collection, when the function never gets to its end.
    Held(Name),
}

impl EndKind {
    /// Whether the handle leaves the function towards its callers.
    pub(super) fn leaves(&self) -> bool {
        matches!(self, Self::Returned(_) | Self::Left(..) | Self::Fed(..))
    }

    /// Whether the handle stays behind a reference that the caller gave.
    pub(super) fn stays(&self) -> bool {
        matches!(self, Self::Left(..) | Self::Untouched)
    }
}

/// A parameter of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// `self`.
    Receiver,
    /// Another one, by its position.
    Param(usize),
    /// What another one gives, by its position, when it is called.
    Value(usize),
    /// What another one is given when it is called: its position, and that of the argument.
    Argument(usize, usize),
}

/// Where handles are kept beyond any function: every value of a type has the same field, so they
/// are judged together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The field or static.
    pub home: Home,
    /// The way from there to the handle.
    pub proj: Vec<Proj>,
}

/// A field or a static of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Home {
    /// A field of this type; numbers name those of tuple structs and variants.
    Field(FileId, ItemId, Name),
    /// A static.
    Static(FileId, ItemId),
    /// The channels of a package: which of them it is nobody knows, so it can only be cleared by who receives.
    Channel(Option<PackageId>),
}

impl Home {
    /// The declaration that it is, or is a part of.
    pub fn declaration(&self) -> Option<(FileId, ItemId)> {
        match self {
            Self::Field(file, item, _) | Self::Static(file, item) => Some((*file, *item)),
            Self::Channel(_) => None,
        }
    }
}

impl Model<'_> {
    /// Where a field or static can be named.
    pub fn scope_of_home(&self, home: &Home) -> Scope {
        let (file, item, field) = match home {
            Home::Field(file, item, member) => {
                let facts = self.facts.get(*file);
                let field = facts.and_then(|it| declared_field(&it.item(*item).kind, member));
                (file, item, field.map(|field| field.visibility))
            }
            Home::Static(file, item) => (file, item, None),
            Home::Channel(package) => return Scope::Package(*package),
        };
        self.scope_of_member(*file, *item, field)
    }

    /// What code has to spell to name a field or a static, or to take something out of a channel, and where.
    pub fn spellings_of(&self, home: &Home) -> Names {
        let scope = self.scope_of_home(home);
        let Some((file, id)) = home.declaration() else {
            return RECEIVING.iter().map(|name| ((*name).to_owned(), scope)).collect();
        };
        let Some(facts) = self.facts.get(file) else { return Names::new() };
        let own = &facts.item(id).name;
        let names = match home {
            Home::Static(..) | Home::Channel(_) => vec![own.to_string()],
            Home::Field(_, _, member) => spellings(own, member),
        };
        // `let Self(handle) = self;` and `map(Self)`
        let numbered = names.iter().any(|name| name.starts_with('.'));
        let own = [("Self(".to_owned(), scope), ("Self".to_owned(), Scope::Below(file))];
        let own = own.into_iter().filter(|_| numbered);
        names.into_iter().map(|name| (name, scope)).chain(own).collect()
    }
}

/// What code has to spell to name a field. A number is spelled everywhere, but a pattern spells the
/// type or variant as well, and an access has a dot before it.
fn spellings(owner: &str, member: &str) -> Vec<String> {
    let (variant, name) = member.rsplit_once('.').unwrap_or(("", member));
    match (name.starts_with(|first: char| first.is_ascii_digit()), variant) {
        (false, _) => vec![name.to_owned()],
        (true, "") => vec![owner.to_owned(), format!(".{name}")],
        (true, variant) => vec![variant.to_owned()],
    }
}

/// The declaration of a field by its member name. Those of variants are as public as their enum.
pub fn declared_field<'k>(kind: &'k ItemKind, member: &str) -> Option<&'k tree::Field> {
    let (variant, name) = member.rsplit_once('.').unwrap_or(("", member));
    match kind {
        ItemKind::Struct(fields) => fields.iter().find(|field| &*field.name == name),
        ItemKind::Enum(variants) => variants
            .iter()
            .filter(|it| variant.is_empty() || &*it.name == variant)
            .flat_map(|variant| &variant.fields)
            .find(|field| &*field.name == name),
        _ => None,
    }
}

impl Cell {
    /// The innermost field of a type of the project on the way to the token.
    pub(super) fn of(proj: &[Proj]) -> Option<Self> {
        for at in (0..proj.len()).rev() {
            match member_at(proj, at) {
                Some((Owner::Type(TyHead::Item(file, item)), name)) => {
                    let home = Home::Field(*file, *item, name);
                    let proj = &proj[at + 1..];
                    return Some(Self { home, proj: proj.iter().map(Proj::unnumbered).collect() });
                }
                // A field of something that is not known may be any.
                Some((Owner::Type(_) | Owner::Unknown, _)) => return None,
                Some((Owner::Tuple, _)) | None => {}
            }
        }
        None
    }
}

/// How a handle is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LossKind {
    /// A value that nobody takes is dropped at the end of its statement.
    Discarded,
    /// `let _ = …`.
    Underscore,
    /// `drop(h)`, `mem::forget(h)`.
    OnPurpose,
    /// Another value takes its place.
    Overwritten,
    /// A variable goes out of scope.
    ScopeEnd(Option<Name>),
    /// A collection goes out of scope, or is cleared, with the handle in it.
    Collection(Option<Name>),
    /// An iterator that would have led to it is never driven.
    Undriven,
    /// A field or static keeps it, and nobody ever takes it from there to join it.
    Kept(Home),
    /// The value that keeps it in this field is dropped or overwritten, and that does not join it.
    Owner(Home),
}

/// A field or static in words.
pub fn home_name(model: &Model<'_>, home: &Home) -> String {
    let item = |file: FileId, item: ItemId| model.facts[file].item(item);
    match home {
        Home::Field(file, id, field) => format!("`{}::{field}`", item(*file, *id).name),
        Home::Static(file, id) => format!("the static `{}`", item(*file, *id).name),
        Home::Channel(_) => "a channel".to_owned(),
    }
}

//! What would have to be read to be sure of a verdict.
//!
//! Blame needs code that was seen; exoneration may hide where nobody has looked. So before anything
//! is reported, whatever spells the name of a function that hands handles out, or of a field that
//! keeps them, is read as well.

use std::collections::BTreeSet;

use super::fate::Fates;
use crate::facts::tree::{Name, Visibility, spelled};
use crate::flow::{EndKind, Home, RECEIVING, Task};
use crate::model::{FunctionRef, Names, Need, Scope, Unread, Wanted};

impl Fates<'_> {
    /// What the walks depend on beside what was read for other reasons.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for exit in self.solution.exits() {
            if let Some(function) = self.reference(exit.function) {
                let name = &self.model.item(function.item).name;
                let scope = self.model.scope_of_function(function.item);
                wanted.names.insert((spelled(name).to_owned(), scope));
                wanted.unread.extend(self.unread_before(name, function));
            }
        }
        for &(file, item) in &self.solution.statics {
            if let Some(facts) = self.model.facts.get(file) {
                let name = spelled(&facts.item(item).name).to_owned();
                wanted.names.insert((name, self.model.scope_of_member(file, item, None)));
            }
        }
        for (cell, _) in self.solution.keeps() {
            let scope = self.model.scope_of_home(&cell.home);
            let Some((file, id)) = &cell.home.declaration() else {
                let names = RECEIVING.iter().map(|name| ((*name).to_owned(), scope));
                wanted.names.extend(names);
                continue;
            };
            let Some(facts) = self.model.facts.get(*file) else { continue };
            let own = &facts.item(*id).name;
            let names = match &cell.home {
                Home::Static(..) | Home::Channel(_) => vec![own.to_string()],
                Home::Field(_, _, member) => spellings(own, member),
            };
            if names.iter().any(|name| name.starts_with('.')) {
                // `let Self(handle) = self;`
                wanted.names.insert(("Self".to_owned(), Scope::Below(*file)));
            }
            wanted.names.extend(names.into_iter().map(|name| (name, scope)));
        }
        for (file, method) in &self.solution.unknown_methods {
            let scope = Scope::Package(self.model.project.file(*file).package);
            wanted.names.insert((format!("fn {method}"), scope));
        }
        wanted.files = self.solution.unlowered.iter().map(|item| item.file).collect();
        wanted.unread.extend(self.unread());
        wanted
    }

    /// What is named in modules nobody has read where something is called by the name of a function that
    /// hands handles out: it is that function or another.
    fn unread_before(&self, name: &Name, function: FunctionRef) -> Unread {
        let Some(declared) = self.model.function(function.item) else { return Unread::new() };
        let is_method = declared.receiver.is_some();
        let sites = self.program.loose_calls(name, declared);
        let named = sites.flat_map(|site| self.program.unread_of(site.body));
        let needed = named.filter_map(|(module, of)| match of == name {
            true => Some((module, of.clone(), Need::Meaning)),
            false => is_method.then(|| (module, of.clone(), Need::Type)),
        });
        needed.collect()
    }

    /// What is named in modules nobody has read where a handle is lost or cannot be followed.
    fn unread(&self) -> Unread {
        let (mut lost, mut escaped) = (BTreeSet::new(), BTreeSet::new());
        for task in self.solution.tasks() {
            let bodies: &[u32] = match task {
                Task::Birth(body, _) => std::slice::from_ref(body),
                Task::Carry(site, _) | Task::Access(site, ..) => std::slice::from_ref(&site.body),
                Task::Param(key) => self.program.bodies_of(key.function),
            };
            for end in self.solution.ends(task) {
                match end.kind {
                    EndKind::Escaped => escaped.extend(bodies),
                    EndKind::Lost(_) => lost.extend(bodies),
                    _ => {}
                }
            }
        }
        let escaped = escaped.into_iter().flat_map(|body| self.program.unread_of(body));
        let escaped = escaped.map(|(module, name)| (module, name.clone(), Need::Meaning));
        let lost = lost.into_iter().flat_map(|body| &self.program.body(body).flows.open);
        let lost = lost.map(|(module, name)| (*module, name.clone(), Need::Decision));
        escaped.chain(lost).collect()
    }

    /// Names of public types that keep handles which nobody joins, and that no re-export is known to
    /// lead to, and of the private modules around them: one that nobody read would spell them.
    pub(super) fn ways_out(&self) -> Names {
        let mut names = Names::new();
        for (file, id) in self.never_joined() {
            for item in self.model.refs_of(file, id) {
                let declared = self.model.item(item);
                if declared.visibility != Visibility::Public
                    || self.model.is_reachable(item.file, item.item)
                    || !self.publishes(item.file)
                {
                    continue;
                }
                let scope = Scope::Package(self.model.project.file(file).package);
                names.insert((declared.name.to_string(), scope));
                let mut module = Some(item.module);
                while let Some(id) = module {
                    let here = self.model.module(id);
                    if !here.name.is_empty() {
                        names.insert((here.name.to_string(), scope));
                    }
                    module = here.parent;
                }
            }
        }
        names
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

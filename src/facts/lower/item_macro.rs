//! Macros where items stand: what they declare, and what they are given.

use std::sync::Arc;

use proc_macro2::{Punct, Spacing, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Attribute, Item as SynItem};

use super::super::cfg::Cfg;
use super::super::tree::{ItemId, ItemKind, Type, Value, Visibility, arm_name};
use super::mac::{delim_span, delimiter_range, tokens_range};
use super::spans::piece;
use super::template::{Template, templates};
use super::{Lowering, attrs};
use crate::text::TextRange;

impl Lowering<'_> {
    pub(super) fn item_macro(&mut self, it: &syn::ItemMacro) -> Vec<ItemId> {
        let inside = delimiter_range(&it.mac);
        let last = it
            .mac
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        if last == "macro_rules" {
            let name = it.ident.as_ref().map(|ident| self.ident(ident)).unwrap_or_default();
            let kind = ItemKind::MacroRules {
                leaves: leaves(it.mac.tokens.clone()),
                rules: Arc::new(piece(delim_span(&it.mac))),
            };
            let id = self.plain(&it.attrs, Visibility::Private, name, inside, kind);
            let mut ids = vec![id];
            if self.matters(inside) {
                self.name_all(&it.mac.tokens);
                self.depth += 1;
                for template in templates(&it.mac.tokens) {
                    ids.extend(self.template(it, id, &template));
                }
                self.depth -= 1;
            }
            return ids;
        }
        self.depth += 1;
        let ids = self.written_in_macro(it, &last, inside);
        self.depth -= 1;
        ids
    }

    /// The items between the delimiters of a macro. How many there are depends on what is looked for, so
    /// they are numbered like those in bodies.
    fn written_in_macro(
        &mut self,
        it: &syn::ItemMacro,
        last: &str,
        inside: TextRange,
    ) -> Vec<ItemId> {
        self.note_probed(inside);
        if last == "cfg_if"
            && let Ok(branches) = cfg_if.parse2(it.mac.tokens.clone())
        {
            return self.cfg_if_items(&branches);
        }
        if is_thread_local(&it.mac) {
            let statics = self.thread_locals(&it.mac);
            if !statics.is_empty() {
                return statics;
            }
        }
        if let Ok(file) = syn::parse2::<syn::File>(it.mac.tokens.clone()) {
            let condition = Cfg::Atom(format!("macro {last}"));
            return self.items_under(&file.items, &condition);
        }
        if self.has_needle(inside) {
            self.name_all(&it.mac.tokens);
            // `test!(name, { … })`: arguments that are expressions are a body that somebody runs.
            let value = Value { ty: Type::Unknown, is_static: false, written: None, body: None };
            let name = self.name(last);
            let id = self.plain(
                &it.attrs,
                Visibility::Private,
                name,
                inside,
                ItemKind::Value(Box::new(value)),
            );
            let owner = std::mem::replace(&mut self.owner, id);
            let body = self.macro_body(&it.mac);
            self.owner = owner;
            if let ItemKind::Value(value) = &mut self.facts.items[id.0 as usize].kind {
                value.body = Some(Arc::new(body));
            }
            return vec![id];
        }
        Vec::new()
    }

    /// The statics of a `thread_local!`; the last of them may go without a semicolon.
    pub(super) fn thread_locals(&mut self, mac: &syn::Macro) -> Vec<ItemId> {
        self.note_probed(delimiter_range(mac));
        let mut closed = mac.tokens.clone();
        closed.extend([TokenTree::from(Punct::new(';', Spacing::Alone))]);
        let file = syn::parse2::<syn::File>(mac.tokens.clone())
            .or_else(|_| syn::parse2::<syn::File>(closed));
        file.map_or_else(|_| Vec::new(), |file| self.items_under(&file.items, &Cfg::Always))
    }

    /// What one arm of a `macro_rules!` writes: a body of its own if it can be read, else what it spells.
    fn template(&mut self, it: &syn::ItemMacro, id: ItemId, template: &Template) -> Option<ItemId> {
        let range = tokens_range(&template.tokens);
        if !self.matters(range) {
            return None;
        }
        let owner = std::mem::replace(&mut self.owner, id);
        let made = match &template.stmts {
            Some(stmts) => {
                let name = it.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                let name = arm_name(name.trim_start_matches("r#"));
                let value = ItemKind::Value(Box::new(Value {
                    ty: Type::Unknown,
                    is_static: false,
                    written: None,
                    body: None,
                }));
                let made = self.plain(&it.attrs, Visibility::Private, name, range, value);
                // An item may start where the statements do, and both are told apart by where they stand.
                self.facts.items[made.0 as usize].keyword = range.start.saturating_sub(1);
                self.owner = made;
                let body = self.statements_body(range, stmts);
                if let ItemKind::Value(value) = &mut self.facts.items[made.0 as usize].kind {
                    value.body = Some(Arc::new(body));
                }
                Some(made)
            }
            None => {
                self.sight_paths(&template.tokens, true);
                None
            }
        };
        self.owner = owner;
        made
    }

    fn items_under(&mut self, items: &[SynItem], condition: &Cfg) -> Vec<ItemId> {
        let ids: Vec<ItemId> = items.iter().flat_map(|item| self.item(item)).collect();
        for &id in &ids {
            let item = &mut self.facts.items[id.0 as usize];
            item.cfg = std::mem::take(&mut item.cfg).and(condition.clone());
        }
        ids
    }

    fn cfg_if_items(&mut self, branches: &[(Cfg, TokenStream)]) -> Vec<ItemId> {
        let mut ids = Vec::new();
        let mut earlier = Cfg::Always;
        for (condition, tokens) in branches {
            if let Ok(file) = syn::parse2::<syn::File>(tokens.clone()) {
                let condition = earlier.clone().and(condition.clone());
                ids.extend(self.items_under(&file.items, &condition));
            } else {
                self.sight_paths(tokens, false);
            }
            earlier = earlier.and(Cfg::Not(Box::new(condition.clone())));
        }
        ids
    }
}

/// The branches of a `cfg_if!`: each condition with its items.
fn cfg_if(input: syn::parse::ParseStream<'_>) -> syn::Result<Vec<(Cfg, TokenStream)>> {
    let mut branches = Vec::new();
    loop {
        let mut condition = Cfg::Always;
        if input.peek(syn::Token![if]) {
            input.parse::<syn::Token![if]>()?;
            condition = attrs::cfg(&input.call(Attribute::parse_outer)?);
        }
        let content;
        syn::braced!(content in input);
        branches.push((condition, content.parse::<TokenStream>()?));
        if input.is_empty() {
            return Ok(branches);
        }
        input.parse::<syn::Token![else]>()?;
    }
}

/// Whether tokens hold a `return`, or a `?` that is no repetition (`$(…)?`).
fn leaves(tokens: TokenStream) -> bool {
    let mut before = [false, false];
    for token in tokens {
        let (is_dollar, is_group) = match &token {
            TokenTree::Ident(ident) if *ident == "return" => return true,
            TokenTree::Punct(punct) if punct.as_char() == '?' && !before[1] => return true,
            TokenTree::Group(group) if leaves(group.stream()) => return true,
            TokenTree::Punct(punct) => (punct.as_char() == '$', false),
            TokenTree::Group(_) => (false, before[0]),
            TokenTree::Ident(_) | TokenTree::Literal(_) => (false, false),
        };
        before = [is_dollar, is_group];
    }
    false
}

pub(super) fn is_thread_local(mac: &syn::Macro) -> bool {
    mac.path.segments.last().is_some_and(|it| it.ident == "thread_local")
}

//! Items at any depth.

use std::sync::Arc;

use proc_macro2::{Punct, Spacing, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericParam, Generics, ImplItem, Item as SynItem, ReceiverKind, TraitItem,
    UseTree,
};

use super::super::cfg::Cfg;
use super::super::tree::{
    Field, Function, Generic, Impl, Import, Item, ItemId, ItemKind, ModuleItem, Name, Receiver,
    Type, Value, Variant, Visibility, Written, arm_name,
};
use super::mac::{delim_span, delimiter_range, tokens_range};
use super::spans::piece;
use super::template::{Template, templates};
use super::{Lowering, attrs, byte_range, delimited};
use crate::text::TextRange;

impl Lowering<'_> {
    /// Lowers an item; a macro whose tokens are items gives several.
    pub(super) fn item(&mut self, item: &SynItem) -> Vec<ItemId> {
        match item {
            SynItem::Macro(mac) => self.item_macro(mac),
            SynItem::Fn(it) => {
                vec![self.function(&it.attrs, visibility(&it.vis), &it.sig, Some(&it.block))]
            }
            SynItem::Impl(it) => vec![self.implementation(it)],
            SynItem::Trait(it) => vec![self.trait_item(it)],
            SynItem::Mod(it) => vec![self.module(it)],
            SynItem::Use(it) => {
                let mut imports = Vec::new();
                self.use_tree(&it.tree, &mut Vec::new(), it.leading_colon.is_some(), &mut imports);
                let range = start(&it.attrs, byte_range(it.use_token.span))
                    .cover(byte_range(it.semi_token.span));
                vec![self.plain(
                    &it.attrs,
                    visibility(&it.vis),
                    Name::from(""),
                    range,
                    ItemKind::Use(imports),
                )]
            }
            SynItem::Struct(_) | SynItem::Union(_) | SynItem::Enum(_) | SynItem::Type(_) => {
                self.type_item(item)
            }
            SynItem::Const(it) => {
                vec![self.value(
                    &it.attrs,
                    &it.vis,
                    &it.ident,
                    byte_range(it.const_token.span),
                    &it.ty,
                    &it.expr,
                )]
            }
            SynItem::Static(it) => {
                let id = self.value(
                    &it.attrs,
                    &it.vis,
                    &it.ident,
                    byte_range(it.static_token.span),
                    &it.ty,
                    &it.expr,
                );
                let changes = !matches!(it.mutability, syn::StaticMutability::None);
                if let (true, ItemKind::Value(value)) =
                    (changes, &mut self.facts.items[id.0 as usize].kind)
                {
                    value.written = None;
                }
                vec![id]
            }
            SynItem::ExternCrate(it) => {
                let bound = it.rename.as_ref().map_or(&it.ident, |(_, rename)| rename);
                let kind = ItemKind::ExternCrate(self.ident(&it.ident));
                vec![self.named(&it.attrs, &it.vis, bound, byte_range(it.extern_token.span), kind)]
            }
            _ => Vec::new(),
        }
    }

    fn type_item(&mut self, item: &SynItem) -> Vec<ItemId> {
        match item {
            SynItem::Struct(it) => {
                let fields = self.fields(&it.fields);
                let kind = ItemKind::Struct(fields);
                vec![self.named(
                    &it.attrs,
                    &it.vis,
                    &it.ident,
                    byte_range(it.struct_token.span),
                    kind,
                )]
            }
            SynItem::Union(it) => {
                let fields = self.fields(&it.fields.named);
                vec![self.named(
                    &it.attrs,
                    &it.vis,
                    &it.ident,
                    byte_range(it.union_token.span),
                    ItemKind::Struct(fields),
                )]
            }
            SynItem::Enum(it) => {
                let variants = it.variants.iter().map(|variant| {
                    let mut fields = self.fields(&variant.fields);
                    fields.iter_mut().for_each(|it| it.visibility = Visibility::Public);
                    let number = variant.discriminant.as_ref().map(|(_, it)| whole_number(it));
                    let is_default = variant.attrs.iter().any(|it| it.path().is_ident("default"));
                    Variant { name: self.ident(&variant.ident), fields, number, is_default }
                });
                let kind = ItemKind::Enum(variants.collect());
                vec![self.named(
                    &it.attrs,
                    &it.vis,
                    &it.ident,
                    byte_range(it.enum_token.span),
                    kind,
                )]
            }
            SynItem::Type(it) => {
                let kind = ItemKind::Alias(self.ty(&it.ty));
                vec![self.named(
                    &it.attrs,
                    &it.vis,
                    &it.ident,
                    byte_range(it.type_token.span),
                    kind,
                )]
            }
            _ => Vec::new(),
        }
    }

    fn plain(
        &mut self,
        attrs: &[Attribute],
        visibility: Visibility,
        name: Name,
        range: TextRange,
        kind: ItemKind,
    ) -> ItemId {
        let (cfg, is_test) = (self.cfg(attrs), attrs::is_test(attrs));
        let keyword = range.start;
        let range = start(attrs, range);
        self.reserve(Item { name, cfg, is_test, range, keyword, visibility, kind })
    }

    fn named(
        &mut self,
        attrs: &[Attribute],
        vis: &syn::Visibility,
        ident: &proc_macro2::Ident,
        keyword: TextRange,
        kind: ItemKind,
    ) -> ItemId {
        let name = self.ident(ident);
        let range = keyword.cover(byte_range(ident.span()));
        self.plain(attrs, visibility(vis), name, range, kind)
    }

    fn value(
        &mut self,
        attrs: &[Attribute],
        vis: &syn::Visibility,
        ident: &proc_macro2::Ident,
        keyword: TextRange,
        ty: &syn::Type,
        expr: &syn::Expr,
    ) -> ItemId {
        let ty = self.ty(ty);
        let written = as_written(expr);
        let kind = ItemKind::Value(Box::new(Value { ty, written, body: None }));
        let id = self.named(attrs, vis, ident, keyword, kind);
        let range = self.facts.item(id).range.cover(byte_range(expr.span()));
        self.facts.items[id.0 as usize].range = range;
        if self.matters(range) {
            let owner = std::mem::replace(&mut self.owner, id);
            let body = self.value_body(expr);
            self.owner = owner;
            if let ItemKind::Value(value) = &mut self.facts.items[id.0 as usize].kind {
                value.body = Some(Arc::new(body));
            }
        }
        id
    }

    fn function(
        &mut self,
        attrs: &[Attribute],
        visibility: Visibility,
        signature: &syn::Signature,
        block: Option<&syn::Block>,
    ) -> ItemId {
        let mut receiver = None;
        let mut params = Vec::new();
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(it) => {
                    receiver = Some(match &it.kind {
                        ReceiverKind::Value => Receiver::Value,
                        ReceiverKind::Reference(_, _, mutable) => {
                            Receiver::Reference(mutable.is_some())
                        }
                        ReceiverKind::Typed(_, ty) => Receiver::Typed(self.ty(ty)),
                        _ => Receiver::Typed(Type::Unknown),
                    });
                }
                FnArg::Typed(typed) => params.push(self.ty(&typed.ty)),
            }
        }
        let output = self.output(&signature.output);
        let generics = self.generics(&signature.generics);
        let is_async = signature.asyncness.is_some();
        let function = Function { receiver, params, output, is_async, generics, body: None };
        let name = self.ident(&signature.ident);
        let head = byte_range(signature.fn_token.span).cover(byte_range(signature.ident.span()));
        let range = block.map_or(head, |block| head.cover(delimited(&block.brace_token.span)));
        let id = self.plain(attrs, visibility, name, range, ItemKind::Function(Box::new(function)));
        let around = std::mem::replace(&mut self.in_function, true);
        let matters = if around { self.matters(range) } else { self.has_needle(range) };
        if let Some(block) = block.filter(|_| matters) {
            let owner = std::mem::replace(&mut self.owner, id);
            let body = self.function_body(signature, block);
            self.owner = owner;
            if let ItemKind::Function(function) = &mut self.facts.items[id.0 as usize].kind {
                function.body = Some(Arc::new(body));
            }
        }
        self.in_function = around;
        id
    }

    fn generics(&mut self, generics: &Generics) -> Vec<Generic> {
        let params = generics.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => {
                let bounds = self.traits(&param.bounds);
                Some(Generic { name: self.ident(&param.ident), bounds })
            }
            GenericParam::Const(param) => {
                Some(Generic { name: self.ident(&param.ident), bounds: Vec::new() })
            }
            GenericParam::Lifetime(_) => None,
        });
        let mut found: Vec<Generic> = params.collect();
        for predicate in generics.where_clause.iter().flat_map(|it| &it.predicates) {
            let syn::WherePredicate::Type(it) = predicate else { continue };
            let Type::Path(None, path) = self.ty(&it.bounded_ty) else { continue };
            let more = self.traits(&it.bounds);
            let of = found.iter_mut().find(|of| path.as_name() == Some(&of.name));
            of.into_iter().for_each(|of| of.bounds.extend(more.iter().cloned()));
        }
        found
    }

    fn implementation(&mut self, it: &syn::ItemImpl) -> ItemId {
        let self_ty = self.ty(&it.self_ty);
        let trait_path = it.trait_.as_ref().map(|(path, _)| self.path(path));
        let generics = self.generics(&it.generics);
        let range = byte_range(it.impl_token.span).cover(delimited(&it.brace_token.span));
        let (functions, constants) = (Vec::new(), Vec::new());
        let implementation = Impl { self_ty, trait_path, generics, functions, constants };
        let kind = ItemKind::Impl(Box::new(implementation));
        let id = self.plain(&it.attrs, Visibility::Private, Name::from(""), range, kind);
        let (mut children, mut constants) = (Vec::new(), Vec::new());
        for item in &it.items {
            match item {
                ImplItem::Fn(it) => {
                    children.push(self.function(
                        &it.attrs,
                        visibility(&it.vis),
                        &it.sig,
                        Some(&it.block),
                    ));
                }
                ImplItem::Const(it) => {
                    let constant = self.value(
                        &it.attrs,
                        &it.vis,
                        &it.ident,
                        byte_range(it.const_token.span),
                        &it.ty,
                        &it.expr,
                    );
                    constants.push(constant);
                }
                ImplItem::Macro(it) if self.matters(delimiter_range(&it.mac)) => {
                    self.sight_paths(&it.mac.tokens, false);
                    self.name_all(&it.mac.tokens);
                }
                _ => {}
            }
        }
        if let ItemKind::Impl(it) = &mut self.facts.items[id.0 as usize].kind {
            it.functions = children;
            it.constants = constants;
        }
        id
    }

    fn trait_item(&mut self, it: &syn::ItemTrait) -> ItemId {
        let name = self.ident(&it.ident);
        let range = byte_range(it.trait_token.span).cover(delimited(&it.brace_token.span));
        let id = self.plain(
            &it.attrs,
            visibility(&it.vis),
            name,
            range,
            ItemKind::Trait(Vec::new(), Vec::new()),
        );
        let (mut children, mut provided) = (Vec::new(), Vec::new());
        for item in &it.items {
            match item {
                TraitItem::Fn(it) => children.push(self.function(
                    &it.attrs,
                    Visibility::Public,
                    &it.sig,
                    it.default.as_ref(),
                )),
                TraitItem::Const(it) => {
                    if let Some((_, value)) = &it.default {
                        let keyword = byte_range(it.const_token.span);
                        let vis = syn::Visibility::Inherited;
                        provided
                            .push(self.value(&it.attrs, &vis, &it.ident, keyword, &it.ty, value));
                    }
                }
                _ => {}
            }
        }
        if let ItemKind::Trait(functions, constants) = &mut self.facts.items[id.0 as usize].kind {
            (*functions, *constants) = (children, provided);
        }
        id
    }

    fn module(&mut self, it: &syn::ItemMod) -> ItemId {
        let paths = attrs::module_paths(&it.attrs);
        let name = self.ident(&it.ident);
        let mut range = byte_range(it.mod_token.span).cover(byte_range(it.ident.span()));
        if let Some((brace, _)) = &it.content {
            range = range.cover(delimited(&brace.span));
        }
        let id = self.plain(
            &it.attrs,
            visibility(&it.vis),
            name,
            range,
            ItemKind::Module(ModuleItem::default()),
        );
        let items = it.content.as_ref().map(|(_, items)| {
            let inner = items.iter().flat_map(|item| self.item(item));
            inner.collect::<Vec<_>>()
        });
        self.facts.items[id.0 as usize].kind = ItemKind::Module(ModuleItem { items, paths });
        id
    }

    fn fields<'f>(&mut self, fields: impl IntoIterator<Item = &'f syn::Field>) -> Vec<Field> {
        let fields = fields.into_iter().enumerate().map(|(index, field)| {
            let name = match &field.ident {
                Some(ident) => self.ident(ident),
                None => self.name(&index.to_string()),
            };
            let range = byte_range(field.span());
            Field { name, ty: self.ty(&field.ty), visibility: visibility(&field.vis), range }
        });
        fields.collect()
    }

    fn use_tree(
        &mut self,
        tree: &UseTree,
        prefix: &mut Vec<Name>,
        global: bool,
        imports: &mut Vec<Arc<Import>>,
    ) {
        let mut leaf = |prefix: &[Name], last: Option<Name>, binding: Option<Name>| {
            let mut path = prefix.to_vec();
            path.extend(last);
            imports.push(Arc::new(Import { path, global, binding }));
        };
        match tree {
            UseTree::Path(path) => {
                prefix.push(self.ident(&path.ident));
                self.use_tree(&path.tree, prefix, global, imports);
                prefix.pop();
            }
            UseTree::Name(name) if name.ident == "self" && !prefix.is_empty() => {
                leaf(prefix, None, prefix.last().cloned());
            }
            UseTree::Name(name) => {
                let name = self.ident(&name.ident);
                leaf(prefix, Some(name.clone()), Some(name));
            }
            UseTree::Rename(rename) => {
                let binding = Some(self.ident(&rename.rename));
                let last = if rename.ident == "self" && !prefix.is_empty() {
                    None
                } else {
                    Some(self.ident(&rename.ident))
                };
                leaf(prefix, last, binding);
            }
            UseTree::Glob(_) => leaf(prefix, None, None),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix, global, imports);
                }
            }
        }
    }

    fn item_macro(&mut self, it: &syn::ItemMacro) -> Vec<ItemId> {
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
        if last == "thread_local" {
            // The last of its statics may go without a semicolon.
            let mut closed = it.mac.tokens.clone();
            closed.extend([TokenTree::from(Punct::new(';', Spacing::Alone))]);
            let file = syn::parse2::<syn::File>(it.mac.tokens.clone())
                .or_else(|_| syn::parse2::<syn::File>(closed));
            if let Ok(file) = file {
                return self.items_under(&file.items, &Cfg::Always);
            }
        }
        if let Ok(file) = syn::parse2::<syn::File>(it.mac.tokens.clone()) {
            let condition = Cfg::Atom(format!("macro {last}"));
            return self.items_under(&file.items, &condition);
        }
        if self.has_needle(inside) {
            self.name_all(&it.mac.tokens);
            // `test!(name, { … })`: arguments that are expressions are a body that somebody runs.
            let value = Value { ty: Type::Unknown, written: None, body: None };
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

/// A whole number that is written out.
fn whole_number(expr: &syn::Expr) -> Option<i64> {
    match expr {
        syn::Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => {
            whole_number(expr).map(|it| -it)
        }
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(it), .. }) => it.base10_parse().ok(),
        _ => None,
    }
}

fn as_written(expr: &syn::Expr) -> Option<Written> {
    let lit = match expr {
        syn::Expr::Lit(it) => &it.lit,
        syn::Expr::Array(it) => return Some(Written::Elements(it.elems.len())),
        _ => return None,
    };
    match lit {
        syn::Lit::Bool(it) => Some(Written::Bool(it.value)),
        syn::Lit::Int(it) => it.base10_parse().ok().map(Written::Number),
        _ => None,
    }
}

fn visibility(vis: &syn::Visibility) -> Visibility {
    match vis {
        syn::Visibility::Public(_) => Visibility::Public,
        syn::Visibility::Restricted(_) => Visibility::Restricted,
        syn::Visibility::Inherited => Visibility::Private,
    }
}

fn start(attrs: &[Attribute], range: TextRange) -> TextRange {
    attrs.first().map_or(range, |attr| byte_range(attr.pound_token.span).cover(range))
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

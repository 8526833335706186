//! Items at any depth.

use std::sync::Arc;

use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericParam, Generics, ImplItem, Item as SynItem, ReceiverKind, TraitItem,
    UseTree,
};

use super::super::tree::{
    Field, Function, Generic, Impl, Import, Item, ItemId, ItemKind, ModuleItem, Name, Receiver,
    Type, Value, Variant, Visibility, Written,
};
use super::mac::delimiter_range;
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
                if let ItemKind::Value(value) = &mut self.facts.items[id.0 as usize].kind {
                    value.is_static = true;
                    value.written = value.written.filter(|_| !changes);
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

    pub(super) fn plain(
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
        let kind = ItemKind::Value(Box::new(Value { ty, is_static: false, written, body: None }));
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
}

/// A whole number that is written out.
fn whole_number(expr: &syn::Expr) -> Option<i128> {
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

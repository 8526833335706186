//! Types and paths as written.

use syn::{GenericArgument, PathArguments, ReturnType, TypeParamBound};

use super::super::tree::{Path, Segment, Size, Type};
use super::{Lowering, byte_range};

impl Lowering<'_> {
    pub(super) fn ty(&mut self, ty: &syn::Type) -> Type {
        match ty {
            syn::Type::Path(path) => {
                let qself = path.qself.as_ref().map(|qself| Box::new(self.ty(&qself.ty)));
                Type::Path(qself, self.path(&path.path))
            }
            syn::Type::Reference(reference) => {
                let mutable = reference.mutability.is_some();
                Type::Reference(mutable, Box::new(self.ty(&reference.elem)))
            }
            syn::Type::Ptr(pointer) => Type::Reference(true, Box::new(self.ty(&pointer.elem))),
            syn::Type::Tuple(tuple) => {
                Type::Tuple(tuple.elems.iter().map(|elem| self.ty(elem)).collect())
            }
            syn::Type::Slice(slice) => Type::Slice(Box::new(self.ty(&slice.elem)), Size::Any),
            syn::Type::Array(array) => {
                Type::Slice(Box::new(self.ty(&array.elem)), size(&array.len))
            }
            syn::Type::Paren(paren) => self.ty(&paren.elem),
            syn::Type::Group(group) => self.ty(&group.elem),
            syn::Type::ImplTrait(bounds) => self.bounds(&bounds.bounds),
            syn::Type::TraitObject(bounds) => self.bounds(&bounds.bounds),
            syn::Type::Never(_) => Type::Never,
            _ => Type::Unknown,
        }
    }

    pub(super) fn output(&mut self, output: &ReturnType) -> Option<Type> {
        match output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(self.ty(ty)),
        }
    }

    pub(super) fn path(&mut self, path: &syn::Path) -> Path {
        let first = path.leading_colon.as_ref().map(|colons| byte_range(colons.spans[0]));
        let mut range = first;
        let mut segments = Vec::with_capacity(path.segments.len());
        for segment in &path.segments {
            let here = byte_range(segment.ident.span());
            range = Some(range.map_or(here, |range| range.cover(here)));
            let args = match &segment.arguments {
                PathArguments::None => Vec::new(),
                PathArguments::AngleBracketed(args) => self.generic_args(args),
                PathArguments::Parenthesized(args) => {
                    self.output(&args.output).into_iter().collect()
                }
            };
            segments.push(Segment { name: self.ident(&segment.ident), args });
        }
        Path { global: path.leading_colon.is_some(), segments, range: range.unwrap_or_default() }
    }

    pub(super) fn generic_args(&mut self, args: &syn::AngleBracketedGenericArguments) -> Vec<Type> {
        let types = args.args.iter().filter_map(|arg| match arg {
            GenericArgument::Type(ty) => Some(self.ty(ty)),
            GenericArgument::AssocType(assoc) => Some(self.ty(&assoc.ty)),
            GenericArgument::Const(number) => {
                Some(Type::Slice(Box::new(Type::Unknown), size(number)))
            }
            _ => None,
        });
        types.collect()
    }

    fn bounds<P>(&mut self, bounds: &syn::punctuated::Punctuated<TypeParamBound, P>) -> Type {
        Type::Bounds(self.traits(bounds))
    }

    /// The traits among some bounds.
    pub(super) fn traits<P>(
        &mut self,
        bounds: &syn::punctuated::Punctuated<TypeParamBound, P>,
    ) -> Vec<Path> {
        let paths = bounds.iter().filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        });
        paths.map(|path| self.path(path)).collect()
    }
}

fn size(length: &syn::Expr) -> Size {
    match length {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
            number.base10_parse().map_or(Size::Some, Size::Exactly)
        }
        syn::Expr::Path(path) => {
            path.path.get_ident().map_or(Size::Some, |name| Size::Named(name.to_string().into()))
        }
        _ => Size::Some,
    }
}

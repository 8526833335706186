//! Where a token is beyond the body: in a static that a called function may empty, in a channel.

use std::collections::BTreeSet;

use super::super::ends::{Cell, EndKind, Home, home_name};
use super::super::follow::{moved, rest};
use super::super::token::Token;
use super::super::{Call, LocalKind, Operand, Place, Proj};
use super::{Next, Transfer};
use crate::model::ItemRef;
use crate::text::TextRange;

impl Transfer<'_> {
    /// The token is in a static, and the function that is called may take it from there.
    pub(super) fn left_in_static(
        &self,
        range: TextRange,
        call: &Call,
        token: &Token,
    ) -> Option<Next> {
        let local = &self.flow.locals[token.place.local.0 as usize];
        let LocalKind::Static(file, item) = local.kind else { return None };
        if token.borrowed || call.targets().is_empty() && !call.may_be_unread() {
            return None;
        }
        self.follower.asked.borrow_mut().statics.insert((file, item));
        let program = self.follower.program;
        let named = program.statics_named((file, item));
        let naming: BTreeSet<ItemRef> =
            named.map(|(site, _)| program.body(site.body).function.item).collect();
        if !program.may_come_to(self.follower.body, call, &naming) {
            return None;
        }
        let cell = Cell { home: Home::Static(file, item), proj: token.place.proj.clone() };
        let text = format!("kept in {}", home_name(self.follower.model, &cell.home));
        Some(self.end(EndKind::Kept(cell), range, text))
    }

    /// The token goes into a channel.
    pub(super) fn sent(&self, range: TextRange, call: &Call, token: &Token) -> Option<Vec<Next>> {
        let path = call.receiver_ty.path()?;
        let is_sender = path.ends_with("::Sender") || path.ends_with("::SyncSender");
        if !is_sender || self.follower.by_value || token.borrowed {
            return None;
        }
        let [Operand::Move(place)] = call.args.as_slice() else { return None };
        let proj = rest(&token.place, place)?;
        let text = format!("sent into a channel by `{}`", call.name);
        if Cell::of(&proj).is_some() {
            return Some(vec![self.escape(&proj, range, text)]);
        }
        let package = self.follower.model.project.file(self.follower.file).package;
        let cell = Cell { home: Home::Channel(package), proj: proj.clone() };
        let sent = self.end(EndKind::Kept(cell), range, text);
        match &*call.name {
            "send" | "blocking_send" | "send_timeout" | "send_deadline" => Some(vec![sent]),
            "try_send" => {
                let text = "given back by `try_send` when the channel is full".to_owned();
                let to = Place::local(call.dst).then(Proj::Error).then(Proj::element(0));
                let given_back = self.go(moved(&to, &proj), token, Some((range, text)));
                Some(vec![sent, given_back])
            }
            _ => None,
        }
    }
}

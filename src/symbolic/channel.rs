//! Channels.

use super::builtin::MAX_LATE;
use super::iterate::Iter;
use super::machine::{Result, Run, unknown};
use super::many::one;
use super::turn::Wait;
use super::value::{Cell, Place, Value};

impl Run<'_> {
    pub(super) fn sender_method(
        &mut self,
        place: &Place,
        channel: usize,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        if name == "clone" {
            let value = self.get(place)?.clone();
            return self.copied(&value);
        }
        let value = one(args)?;
        let own = &mut self.channels[channel];
        if !own.is_open {
            return Ok(refused(name, value));
        }
        let is_full = own.bound.is_some_and(|bound| own.queue.len() >= bound.max(1));
        if name == "try_send" && (own.bound.is_some_and(|bound| bound == 0) || is_full) {
            // Whether there is room depends on how far the other side has got.
            let is_open = self.has_others() && self.unknown.choose(2) == 0;
            if !is_open || (self.turns.is_some() && !self.run_waiting(Wait::Turn)?) {
                return Ok(Value::err(Value::cell(Cell::Made("Full"), value)));
            }
            if self.turns.is_some() && !self.channels[channel].has_room() {
                return Ok(Value::err(Value::cell(Cell::Made("Full"), value)));
            }
        }
        while !self.channels[channel].has_room() {
            self.step()?;
            if self.turns.is_none() {
                // It has room in another order of things.
                self.is_stuck = true;
                break;
            }
            if !self.run_waiting(Wait::Room(channel))? {
                return unknown("a channel that nobody reads");
            }
        }
        let own = &mut self.channels[channel];
        if !own.is_open {
            return Ok(refused(name, value));
        }
        own.queue.push(value);
        if own.bound == Some(0) && name == "send" && self.turns.is_some() {
            return self.handed_over(channel);
        }
        Ok(Value::ok(Value::Unit))
    }

    /// Waits until somebody has taken what was sent without room for it; it comes back if nobody will.
    fn handed_over(&mut self, channel: usize) -> Result<Value> {
        while !self.channels[channel].queue.is_empty() {
            if !self.channels[channel].is_open {
                let value = self.channels[channel].queue.remove(0);
                return Ok(refused("send", value));
            }
            self.step()?;
            if !self.run_waiting(Wait::Taken(channel))? {
                return unknown("a channel that nobody reads");
            }
        }
        Ok(Value::ok(Value::Unit))
    }

    /// What comes out of a channel: what threads that were not run yet may send comes before the end. `now` is for what
    /// does not wait; then the variant of std's error says why nothing comes.
    pub(super) fn received(
        &mut self,
        channel: usize,
        now: bool,
    ) -> Result<std::result::Result<Value, &'static str>> {
        // A thread may get there before anything was sent.
        if now && !self.running.is_empty() && self.unknown.is_late(MAX_LATE) {
            return Ok(Err("Empty"));
        }
        loop {
            self.step()?;
            if !self.channels[channel].queue.is_empty() {
                return Ok(Ok(self.channels[channel].queue.remove(0)));
            }
            if self.channels[channel].senders == 0 {
                return Ok(Err("Disconnected"));
            }
            if now && (!self.has_others() || self.unknown.is_late(MAX_LATE)) {
                return Ok(Err("Empty"));
            }
            let waits = if now { Wait::Turn } else { Wait::Channel(channel) };
            if !self.run_waiting(waits)? {
                if now {
                    return Ok(Err("Empty"));
                }
                return unknown("a receipt that waits for what is not run");
            }
        }
    }

    pub(super) fn receiver_method(
        &mut self,
        place: &Place,
        channel: usize,
        name: &str,
    ) -> Result<Value> {
        Ok(match name {
            "recv" | "try_recv" | "recv_timeout" => {
                let is_late = name == "recv_timeout"
                    && self.channels[channel].queue.is_empty()
                    && self.unknown.is_late(MAX_LATE);
                let received = match is_late {
                    true => Err("Timeout"),
                    false => self.received(channel, name == "try_recv")?,
                };
                match received {
                    Ok(value) => Value::ok(value),
                    Err(why) => {
                        let error = match name {
                            "recv" => return Ok(Value::err(self.unknown.of_variant(why))),
                            "try_recv" => "TryRecvError",
                            _ => "RecvTimeoutError",
                        };
                        Value::err(self.unknown.named(&format!("std::sync::mpsc::{error}::{why}")))
                    }
                }
            }
            "iter" => Value::Iter(Box::new(Iter::Channel(channel, false))),
            "try_iter" => Value::Iter(Box::new(Iter::Channel(channel, true))),
            _ => {
                let value = self.take(place)?;
                self.iterated(value)?
            }
        })
    }
}

/// The error of a channel that nobody reads any more, with what was sent.
fn refused(name: &str, value: Value) -> Value {
    let error = if name == "try_send" { "Disconnected" } else { "SendError" };
    Value::err(Value::cell(Cell::Made(error), value))
}

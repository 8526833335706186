//! Channels.

use super::builtin::MAX_LATE;
use super::iterate::Iter;
use super::machine::{Result, Run, unknown};
use super::many::one;
use super::value::{Place, Value};

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
            return Ok(Value::err(Value::Tuple(vec![value])));
        }
        let is_full = own.bound.is_some_and(|bound| own.queue.len() >= bound.max(1));
        if name == "try_send" && (own.bound.is_some_and(|bound| bound == 0) || is_full) {
            // Whether there is room depends on how far the other side has got.
            if self.unknown.choose(2) == 1 {
                return Ok(Value::err(Value::Tuple(vec![value])));
            }
        }
        self.channels[channel].queue.push(value);
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
            if now
                && (self.threads.iter().all(|it| it.code.is_none())
                    || self.unknown.is_late(MAX_LATE))
            {
                return Ok(Err("Empty"));
            }
            if !self.run_waiting()? {
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
                    Err(why) => Value::err(self.unknown.of_variant(why)),
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

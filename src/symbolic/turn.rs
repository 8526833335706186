//! Threads of a program that take turns: where one waits for something, another goes on.
//!
//! A thread that is run by whoever waits for it has to come to its end; one that answers requests waits for the next
//! one before that. So where a run comes to such a wait, the program is run again with a thread of our own for each of
//! its threads, of which only the one that has the run in its hands goes on (coroutines, by handing a baton on).

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;

use super::machine::{Result, Run, Stop};
use super::value::Value;

/// Threads of a program that are in the middle of something at a time.
const MAX_SEATS: usize = 8;
/// Bytes of stack of each: as much as calls inside each other need.
const STACK: usize = 32 << 20;

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The end of a thread.
    Over(usize),
    /// Something in a channel, or its end.
    Channel(usize),
    /// Room in a channel.
    Room(usize),
    /// That what was sent is taken.
    Taken(usize),
    /// Nothing: the others go first.
    Turn,
    /// The end of all others, as the program ends.
    Last,
}

/// The run, handed to the one that goes on.
#[derive(Debug)]
pub(super) struct Baton<'m> {
    run: Run<'m>,
    /// How to hand it to the same one again.
    to: Sender<Self>,
    /// A thread that begins.
    start: Option<(usize, Value)>,
}

/// A thread that waits.
#[derive(Debug)]
struct Waiting<'m> {
    is_main: bool,
    wait: Wait,
    to: Sender<Baton<'m>>,
}

/// Where a thread gets the run back.
#[derive(Debug)]
struct Seat<'m> {
    to: Sender<Baton<'m>>,
    from: Receiver<Baton<'m>>,
    is_main: bool,
}

/// Who has the run, and who waits for it.
#[derive(Debug)]
pub(super) struct Turns<'m> {
    idle: Vec<Sender<Baton<'m>>>,
    waiting: Vec<Waiting<'m>>,
    /// How the one that goes on gets the run back.
    own: Option<Seat<'m>>,
    /// Why the run ends, if a thread came to that.
    over: Option<Stop>,
    is_ending: bool,
}

/// Who goes on.
enum Next {
    Start(usize),
    Resume(usize),
}

impl<'m> Turns<'m> {
    /// Seats for the threads of one run after the other.
    pub(super) fn new<'scope>(scope: &'scope Scope<'scope, '_>) -> std::io::Result<Self>
    where
        'm: 'scope,
    {
        let mut idle = Vec::new();
        for _ in 0..MAX_SEATS {
            let (to, from) = channel();
            let seat = std::thread::Builder::new().stack_size(STACK);
            seat.spawn_scoped(scope, move || serve(from))?;
            idle.push(to);
        }
        let (to, from) = channel();
        let own = Some(Seat { to, from, is_main: true });
        Ok(Self { idle, waiting: Vec::new(), own, over: None, is_ending: false })
    }

    /// Whether a thread other than the one that goes on is in the middle of something.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// Runs threads of programs, one after the other, until nobody hands any on.
fn serve(mut from: Receiver<Baton<'_>>) {
    while let Ok(Baton { mut run, to, start }) = from.recv() {
        let Some((thread, code)) = start else { return };
        if let Some(turns) = &mut run.turns {
            turns.own = Some(Seat { to, from, is_main: false });
        }
        run.running = vec![thread];
        let result = run.body_of(thread, code);
        let Some(turns) = &mut run.turns else { return };
        let Some(seat) = turns.own.take() else { return };
        from = seat.from;
        turns.idle.push(seat.to);
        if let Err(stop) = result
            && turns.over.is_none()
        {
            turns.over = Some(stop);
        }
        run.frames.clear();
        run.running.clear();
        run.hand_on();
    }
}

impl<'m> Run<'m> {
    /// Lets others go on until what is waited for is there; whether anybody could. `Turn` and `Last` come back once
    /// somebody has.
    ///
    /// # Errors
    ///
    /// What ended the run meanwhile.
    pub(super) fn wait_for(&mut self, wait: Wait) -> Result<bool> {
        let first = match wait {
            Wait::Over(thread) if self.threads[thread].code.is_some() => Some(Next::Start(thread)),
            _ => None,
        };
        let Some(next) = first.or_else(|| self.who_is_next()) else { return Ok(false) };
        self.switch(wait, &next)?;
        Ok(true)
    }

    /// Whether there is somebody else who can go on, now or later.
    pub(super) fn has_others(&self) -> bool {
        let is_new = self.threads.iter().any(|it| it.code.is_some());
        is_new || self.turns.as_ref().is_some_and(|turns| turns.has_waiting())
    }

    /// Starts a thread, which goes on until it waits.
    pub(super) fn start(&mut self, thread: usize) -> Result<()> {
        self.switch(Wait::Turn, &Next::Start(thread))
    }

    fn is_ready(&self, wait: Wait) -> bool {
        match wait {
            Wait::Over(thread) => self.threads[thread].is_over,
            Wait::Channel(channel) => {
                let channel = &self.channels[channel];
                !channel.queue.is_empty() || channel.senders == 0
            }
            Wait::Room(channel) => self.channels[channel].has_room(),
            Wait::Taken(channel) => {
                let channel = &self.channels[channel];
                channel.queue.is_empty() || !channel.is_open
            }
            Wait::Turn | Wait::Last => false,
        }
    }

    /// Who goes on: who has what was waited for, a new thread, or who let others go first.
    fn who_is_next(&mut self) -> Option<Next> {
        let turns = self.turns.as_ref()?;
        let ready = turns.waiting.iter().position(|it| self.is_ready(it.wait));
        if let Some(ready) = ready {
            return Some(Next::Resume(ready));
        }
        if let Some(new) = self.new_thread() {
            return Some(Next::Start(new));
        }
        let waiting = &self.turns.as_ref()?.waiting;
        let of = |wait: Wait| waiting.iter().position(|it| it.wait == wait);
        of(Wait::Turn).or_else(|| of(Wait::Last)).map(Next::Resume)
    }

    fn switch(&mut self, wait: Wait, next: &Next) -> Result<()> {
        let hollow = Run::new(self.model, self.provides, Vec::new(), self.at, 0);
        let Some(turns) = &mut self.turns else { return Ok(()) };
        let (to, start) = match *next {
            Next::Resume(at) => (turns.waiting.remove(at).to, None),
            Next::Start(thread) => {
                let code = self.threads[thread].code.take();
                match (turns.idle.pop(), code) {
                    (Some(to), Some(code)) => (to, Some((thread, code))),
                    // More threads at a time than there are seats: to its end, then.
                    (_, code) => {
                        self.threads[thread].code = code;
                        return self.run_nested(thread);
                    }
                }
            }
        };
        let Some(Seat { to: own, from, is_main }) = turns.own.take() else { return Ok(()) };
        turns.waiting.push(Waiting { is_main, wait, to: own });
        let frames = std::mem::take(&mut self.frames);
        let running = std::mem::take(&mut self.running);
        let at = self.at;
        let run = std::mem::replace(self, hollow);
        let back = match to.send(Baton { run, to: to.clone(), start }) {
            Ok(()) => from.recv(),
            Err(_) => return Err(Stop::Ended),
        };
        // Nobody has the run any more: whoever had it has panicked.
        let Ok(Baton { run, to, .. }) = back else { return Err(Stop::Ended) };
        *self = run;
        (self.frames, self.running, self.at) = (frames, running, at);
        let Some(turns) = &mut self.turns else { return Ok(()) };
        turns.own = Some(Seat { to, from, is_main });
        if turns.is_ending {
            return Err(Stop::Ended);
        }
        match turns.over.take_if(|_| is_main) {
            Some(stop) => Err(stop),
            None => Ok(()),
        }
    }

    /// Hands the run to who goes on, as a thread has come to its end: to `main` if the run is over.
    fn hand_on(mut self) {
        let Some(turns) = &self.turns else { return };
        let is_over = turns.over.is_some() || turns.is_ending;
        let next = if is_over { None } else { self.who_is_next() };
        let Some(turns) = &mut self.turns else { return };
        let (to, start) = match next {
            Some(Next::Resume(at)) => (turns.waiting.remove(at).to, None),
            Some(Next::Start(thread)) => match (turns.idle.pop(), self.threads[thread].code.take())
            {
                (Some(to), Some(code)) => (to, Some((thread, code))),
                _ => return,
            },
            None => {
                if !is_over {
                    turns.over = Some(Stop::Unknown("threads that wait for each other".into()));
                }
                let Some(main) = turns.waiting.iter().position(|it| it.is_main) else { return };
                (turns.waiting.remove(main).to, None)
            }
        };
        let own = to.clone();
        // Who does not take it has ended with the scope.
        drop(to.send(Baton { run: self, to: own, start }));
    }

    /// Ends all threads of the run that are in the middle of something, and gives the seats back for another run.
    pub(super) fn end_turns(&mut self) -> Option<Box<Turns<'m>>> {
        self.turns.as_mut()?.is_ending = true;
        while self.turns.as_ref().is_some_and(|turns| !turns.waiting.is_empty()) {
            // Each comes back with the end of the run, which is no news.
            if self.switch(Wait::Last, &Next::Resume(0)).is_ok() {
                return None;
            }
        }
        let mut turns = self.turns.take()?;
        (turns.over, turns.is_ending) = (None, false);
        Some(turns)
    }
}

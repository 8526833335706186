//! What takes a process of its own: signals, environments, exit codes, and what is left when one is killed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, clippy::exit, reason = "how a process tells its parent")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use thread_registry::{Registry, RegistryBuilder};

const LONG: Duration = Duration::from_secs(20);
const ROLE: &str = "THREAD_REGISTRY_TEST_ROLE";

/// Runs this test again as a process of its own, in which [`role`] is set.
fn again(test: &str, role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command
}

fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

#[cfg(any(feature = "signals", feature = "processes"))]
mod told {
    use std::io::{BufRead, BufReader, Lines};
    use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
    use std::time::{Duration, Instant};

    use super::LONG;

    pub(crate) fn kill(signal: &str, pid: u32) {
        let killed = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// A process, and the lines that it prints.
    pub(crate) fn listen(mut command: Command) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    }

    /// Reads lines until one holds this; what comes after it.
    pub(crate) fn said(lines: &mut Lines<BufReader<ChildStdout>>, text: &str) -> String {
        let line = lines.map(Result::unwrap).find(|line| line.contains(text));
        line.unwrap().split(text).nth(1).unwrap().trim().to_owned()
    }

    pub(crate) fn ends(child: &mut Child) -> ExitStatus {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(feature = "signals")]
#[test]
fn the_first_signal_asks_and_the_second_ends() {
    if let Some(role) = role() {
        let registry = Registry::new("app");
        let _signals = registry.on_signals().unwrap();
        registry
            .spawn("worker", move |ctx| {
                println!("ready");
                ctx.stop().wait_stopped();
                println!("asked");
                if role == "deaf" {
                    std::thread::sleep(LONG);
                }
            })
            .unwrap();
        registry.stop_token().wait_stopped();
        let report = registry.shutdown(LONG);
        assert!(report.is_clean() && report.joined == 2, "{report}");
        return;
    }
    for (role, second, code) in [("listens", None, 0), ("deaf", Some("-INT"), 128 + 2)] {
        let (mut child, mut lines) =
            told::listen(again("the_first_signal_asks_and_the_second_ends", role));
        told::said(&mut lines, "ready");
        told::kill("-TERM", child.id());
        told::said(&mut lines, "asked");
        if let Some(second) = second {
            // At once it is an echo of the first.
            told::kill(second, child.id());
            std::thread::sleep(Duration::from_millis(150));
            assert!(child.try_wait().unwrap().is_none());
            told::kill(second, child.id());
        }
        assert_eq!(told::ends(&mut child).code(), Some(code), "{role}");
    }
}

#[cfg(feature = "signals")]
#[test]
fn no_process_turns_deaf() {
    if let Some(role) = role() {
        let registry = Registry::new("app");
        // Below, what listens is dropped first.
        let _guard = registry.guard().deadline(LONG);
        let signals = registry.on_signals();
        match role.as_str() {
            "dropped" => drop(signals.unwrap()),
            "shut-down" => assert!(registry.shutdown(LONG).is_clean()),
            "refused" => {
                drop((signals.unwrap(), registry.shutdown(LONG)));
                assert!(registry.on_signals().is_err());
            }
            _ => {
                let _signals = signals.unwrap();
                registry.spawn("deaf", |_| std::thread::sleep(LONG)).unwrap();
                println!("ready");
                registry.stop_token().wait_stopped();
                println!("asked");
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(100));
        println!("ready");
        std::thread::sleep(LONG);
        return;
    }
    for role in ["dropped", "shut-down", "refused", "guarded"] {
        let (mut child, mut lines) = told::listen(again("no_process_turns_deaf", role));
        told::said(&mut lines, "ready");
        told::kill("-TERM", child.id());
        if role == "guarded" {
            told::said(&mut lines, "asked");
            std::thread::sleep(Duration::from_millis(150));
            told::kill("-TERM", child.id());
        }
        assert_eq!(told::ends(&mut child).code(), Some(128 + 15), "{role}");
    }
}

#[cfg(feature = "signals")]
#[test]
fn listening_ends_with_the_guard() {
    let registry = Registry::new("app");
    let signals = registry.on_signals().unwrap();
    assert_eq!(registry.active()[0].name, "signals");
    drop(signals);
    let deadline = Instant::now() + LONG;
    while !registry.active().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let again = registry.on_signals().unwrap();
    assert!(registry.shutdown(LONG).is_clean());
    drop(again);
    // SIGKILL cannot be handled, so nothing stays installed.
    assert!(Registry::new("other").on_these_signals(&[15, 9]).is_err());
}

#[test]
fn settings_come_from_the_environment() {
    fn app() -> RegistryBuilder {
        Registry::builder("app")
    }
    if role().is_some() {
        let registry = app().from_env("TR_GOOD").unwrap().build();
        assert_eq!(registry.metrics().max_threads, Some(3));
        registry.spawn("deaf", |_| std::thread::sleep(LONG)).unwrap();
        let begun = Instant::now();
        assert_eq!(registry.shutdown(thread_registry::Deadline::default()).timed_out.len(), 1);
        assert!(begun.elapsed() < Duration::from_secs(1));
        let error = app().from_env("TR_BAD").map(drop).unwrap_err();
        assert_eq!(
            (error.variable.as_str(), error.value.as_str()),
            ("TR_BAD_SHUTDOWN_TIMEOUT", "soon")
        );
        assert!(app().from_env("TR_ZERO").is_err());
        assert!(app().from_env("TR_UNSET").unwrap().build().metrics().max_threads.is_none());
        std::process::exit(7);
    }
    let status = again("settings_come_from_the_environment", "child")
        .env("TR_GOOD_SHUTDOWN_TIMEOUT", "120ms")
        .env("TR_GOOD_MAX_THREADS", "3")
        .env("TR_BAD_SHUTDOWN_TIMEOUT", "soon")
        .env("TR_ZERO_MAX_THREADS", "0")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(7));
}

#[test]
fn a_guard_ends_the_process_if_told_to() {
    if role().is_some() {
        let registry = Registry::new("app");
        let _guard = registry.guard().deadline(Duration::from_millis(50)).exit_if_unclean(3);
        registry.spawn("deaf", |_| std::thread::sleep(LONG)).unwrap();
        return;
    }
    let done = again("a_guard_ends_the_process_if_told_to", "child").output().unwrap();
    assert_eq!(done.status.code(), Some(3));
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(told.contains("app: 0 of 1 threads joined, 1 timed out"), "{told}");
    assert!(told.contains("timed out: #") && told.contains("app/deaf: running"), "{told}");
}

#[test]
fn a_fork_has_no_threads_and_says_so() {
    use thread_registry::JoinError;
    if role().is_none() {
        let status =
            again("a_fork_has_no_threads_and_says_so", "parent").stdout(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(0));
        return;
    }
    let registry = Registry::new("app");
    let mut handle = registry.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap();
    let ended = registry.spawn("ended", |_| 7).unwrap();
    while !ended.is_finished() {
        std::thread::yield_now();
    }
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            let begun = Instant::now();
            let report = registry.shutdown(LONG);
            let join = handle.join_timeout(LONG);
            let right = report.forked && !report.is_clean() && join == Err(JoinError::Forked);
            // The test harness around has no threads here either.
            std::process::exit(
                i32::from(!(right && begun.elapsed() < Duration::from_secs(1))) + 40,
            );
        }
        fork::Fork::Parent(child) => {
            let status = Command::new("true").status().unwrap();
            assert!(status.success());
            assert_eq!(fork::waitpid(child).map(|status| status >> 8).unwrap(), 40);
            assert_eq!(ended.join(), Ok(7));
            let report = registry.shutdown(LONG);
            assert!(report.is_clean() && !report.forked, "{report}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_left_behind_is_found() {
    use thread_registry::testing::{LeakCheck, LeakError};
    if role().is_none() {
        // Other tests start threads as well.
        assert!(again("what_is_left_behind_is_found", "child")
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success());
        return;
    }
    let short = Duration::from_millis(60);
    let check = || LeakCheck::start().unwrap().linger(short);
    let (clean, named) = (check(), check().ignore("left-be"));
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let leaking = check();
    let builder = std::thread::Builder::new().name("left-behind".into());
    let thread = builder.spawn(move || ended.recv().unwrap_or_default()).unwrap();
    let mut child = Command::new("true").spawn().unwrap();
    let Err(LeakError::Leaks(leaks)) = leaking.finish() else { panic!("two are left") };
    assert_eq!(
        leaks.threads.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        ["left-behind"]
    );
    assert_eq!(leaks.children, [child.id()], "a zombie is a child still");
    child.wait().unwrap();
    assert!(named.finish().is_ok());
    drop(end);
    thread.join().unwrap();
    assert!(clean.finish().is_ok());
}

#[cfg(all(feature = "processes", target_os = "linux"))]
mod children {
    use super::*;
    use thread_registry::{JoinError, KillPolicy, OnShutdown, SpawnError, Spec, WaitError};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    /// Whether a process runs; a zombie does not.
    fn runs(pid: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit(')').next().and_then(|after| after.split_whitespace().next());
        state.is_some_and(|state| state != "Z" && state != "X")
    }

    fn is_gone(pid: u32) {
        let deadline = Instant::now() + LONG;
        while runs(pid) {
            assert!(Instant::now() < deadline, "{pid} still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_child_tells_how_it_ended() {
        let registry = Registry::new("app");
        let child = registry.spawn_child("seven", shell("exit 7"), KillPolicy::default()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(7));
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut cat = registry.spawn_child("cat", command, KillPolicy::default()).unwrap();
        std::io::Write::write_all(cat.stdin.as_mut().unwrap(), b"through").unwrap();
        let Err(WaitError::Join(error)) = cat.wait_timeout(Duration::from_millis(30)) else {
            panic!("it reads")
        };
        assert_eq!(error, JoinError::TimedOut);
        let stdout = cat.stdout.take().unwrap();
        assert!(cat.wait().unwrap().success());
        assert_eq!(std::io::read_to_string(stdout).unwrap(), "through");
        let missing = Command::new("/no/such/program");
        let error = registry.spawn_child("missing", missing, KillPolicy::default()).unwrap_err();
        assert!(matches!(error, SpawnError::Os(_)), "{error}");
        assert!(registry.shutdown(LONG).is_clean());
        let late = registry.spawn_child("late", shell("exit"), KillPolicy::default()).unwrap_err();
        assert!(matches!(late, SpawnError::ShuttingDown { .. }), "{late}");
    }

    #[test]
    fn a_shutdown_asks_and_then_kills_the_whole_group() {
        let registry = Registry::new("app");
        let mut command = shell("trap '' TERM; sleep 600 & echo $!; wait; wait; sleep 600");
        command.stdout(Stdio::piped());
        let policy = KillPolicy::default().grace(Duration::from_millis(100));
        let mut deaf = registry.spawn_child("deaf", command, policy).unwrap();
        let mut lines =
            std::io::BufRead::lines(std::io::BufReader::new(deaf.stdout.take().unwrap()));
        let grandchild: u32 = lines.next().unwrap().unwrap().parse().unwrap();
        let mild = registry.spawn_child("mild", shell("exec sleep 600"), policy).unwrap();
        let (leader, mild) = (deaf.id(), mild.id());
        assert!([leader, grandchild, mild].into_iter().all(runs));
        let begun = Instant::now();
        let report = registry.shutdown(LONG);
        assert!(report.is_clean() && report.joined == 4, "{report}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        [leader, grandchild, mild].into_iter().for_each(is_gone);
    }

    #[test]
    fn what_a_child_leaves_ends_with_it() {
        let registry = Registry::new("app");
        let mut command = shell("sleep 600 & echo $!");
        command.stdout(Stdio::piped());
        let mut child = registry.spawn_child("leaves", command, KillPolicy::default()).unwrap();
        let mut lines =
            std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let left: u32 = lines.next().unwrap().unwrap().parse().unwrap();
        assert!(child.wait().unwrap().success());
        is_gone(left);
        let spec = Spec::named("asked").on_shutdown(OnShutdown::Join);
        let asked =
            registry.spawn_child(spec, shell("exec sleep 600"), KillPolicy::default()).unwrap();
        assert!(asked.request_stop());
        assert!(asked.wait().unwrap().code().is_none(), "a signal ended it");
        assert!(registry.shutdown(LONG).is_clean());
    }

    #[test]
    fn no_child_outlives_a_parent_that_is_killed() {
        if role().is_some() {
            let registry = Registry::new("app");
            let mut command = shell("trap '' TERM; sleep 600 & echo $!; wait");
            command.stdout(Stdio::piped());
            let mut child = registry.spawn_child("child", command, KillPolicy::default()).unwrap();
            let mut lines =
                std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
            let grandchild = lines.next().unwrap().unwrap();
            println!("pids {} {grandchild}", child.id());
            std::thread::sleep(LONG);
            return;
        }
        let (mut parent, mut lines) =
            told::listen(again("children::no_child_outlives_a_parent_that_is_killed", "parent"));
        let pids = told::said(&mut lines, "pids");
        let pids: Vec<u32> = pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        assert!(pids.len() == 2 && pids.iter().all(|&pid| runs(pid)));
        told::kill("-KILL", parent.id());
        assert!(told::ends(&mut parent).code().is_none());
        pids.into_iter().for_each(is_gone);
    }

    #[test]
    fn children_leave_nothing_behind() {
        let registry = Registry::new("app");
        for _ in 0..20 {
            let child =
                registry.spawn_child("brief", shell("exit"), KillPolicy::default()).unwrap();
            assert!(child.wait().unwrap().success());
        }
        assert!(registry.shutdown(LONG).is_clean());
        assert_eq!(registry.metrics().spawned, 40);
    }
}

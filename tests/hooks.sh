#!/usr/bin/env bash
# Drives the hooks end to end: the real pre-commit, the real git, a real commit.
#
# What runs is HEAD of this repository, as a user would get it. Everything but what cargo builds is kept
# under target/hooks/, so a second run neither installs pre-commit nor builds dependencies again.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$root/target/hooks
hook_repo=$work/repo
user_repo=$work/user
log=$work/last.log

# A run from inside a git hook would otherwise act on that repository.
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE GIT_PREFIX GIT_OBJECT_DIRECTORY
export GIT_AUTHOR_NAME=hooks GIT_AUTHOR_EMAIL=hooks@example.invalid
export GIT_COMMITTER_NAME=hooks GIT_COMMITTER_EMAIL=hooks@example.invalid
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export PRE_COMMIT_HOME=$work/home PRE_COMMIT_COLOR=never PIP_DISABLE_PIP_VERSION_CHECK=1
# pre-commit builds in a fresh clone; dependencies are built once, with those of this one.
export CARGO_TARGET_DIR=$root/target

checks=0

fail() {
    echo "FAILED: $1" >&2
    if [ -f "$log" ]; then
        echo "--- last output ---" >&2
        cat "$log" >&2
    fi
    exit 1
}

ok() {
    checks=$((checks + 1))
    echo "ok: $1"
}

# The last output holds this fixed string.
says() {
    grep -qF -- "$1" "$log" || fail "$2: no \`$1\` in the output"
}

says_not() {
    if grep -qF -- "$1" "$log"; then fail "$2: \`$1\` in the output"; fi
}

# The line of a hook ends with this status.
hook_is() {
    grep -qE -- "^$1\.*.*$2\$" "$log" || fail "$3: hook \`$1\` is not \`$2\`"
}

install_pre_commit() {
    if "$work/venv/bin/pre-commit" --version >/dev/null 2>&1; then return; fi
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    for attempt in 1 2 3; do
        if "$work/venv/bin/pip" install --quiet --retries 5 pre-commit; then return; fi
        echo "pip install pre-commit failed (attempt $attempt)" >&2
        sleep $((attempt * 5))
    done
    fail "pre-commit could not be installed"
}

make_hook_repo() {
    if ! git -C "$root" diff --quiet HEAD --; then
        echo "note: changes that are not committed are not part of what runs here"
    fi
    rm -rf "$hook_repo"
    git clone --quiet --no-hardlinks "$root" "$hook_repo"
    rev=$(git -C "$hook_repo" rev-parse HEAD)
}

make_user_repo() {
    rm -rf "$user_repo"
    mkdir -p "$user_repo/src"
    cd "$user_repo"
    git init --quiet
    cat >.pre-commit-config.yaml <<EOF
repos:
  - repo: $hook_repo
    rev: $rev
    hooks:
      - id: no-detached-threads
      - id: require-thread-registry
EOF
    printf '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n' >Cargo.toml
    printf '/target\n' >.gitignore
    cat >src/lib.rs <<'EOF'
pub mod old;
pub mod worker;
EOF
    printf 'pub fn old() {}\n' >src/old.rs
    cat >src/worker.rs <<'EOF'
pub fn run() {
    std::thread::scope(|scope| {
        scope.spawn(|| {});
    });
}
EOF
    pre-commit install >"$log"
}

# Commits everything, with the hooks.
commit() {
    git add --all
    git commit --message "$1" >"$log" 2>&1
}

manifest_is_valid() {
    pre-commit validate-manifest "$root/.pre-commit-hooks.yaml" >"$log" 2>&1 || fail "the hook manifest"
    ok "the manifest of the hooks is valid"
}

clean_commit_passes() {
    commit "clean" || fail "a clean commit"
    hook_is "no detached threads" "Passed" "a clean commit"
    hook_is "require thread registry" "Passed" "a clean commit"
    ok "a clean commit passes"
}

violation_is_blocked() {
    local before
    before=$(git rev-parse HEAD)
    cat >src/worker.rs <<'EOF'
pub fn run() {
    // line 2
    std::thread::spawn(|| {});
}
EOF
    if commit "violation"; then fail "a commit with a violation went through"; fi
    hook_is "no detached threads" "Failed" "a violation"
    says "detached" "a violation"
    says "src/worker.rs:3" "a violation"
    grep -qE 'detached[_-]thread' "$log" || fail "a violation: the rule is not named"
    [ "$(git rev-parse HEAD)" = "$before" ] || fail "a violation: there is a new commit"
    ok "a commit with a violation is blocked, with rule and place"
}

exempt_file_passes() {
    printf 'exempt = ["src/worker.rs"]\n' >thread-lint.toml
    commit "exempt" || fail "a commit of an exempt file"
    hook_is "no detached threads" "Passed" "an exempt file"
    [ -n "$(git log --format=%H -1 -- src/worker.rs thread-lint.toml)" ] || fail "an exempt file: nothing was committed"
    [ -z "$(git status --porcelain)" ] || fail "an exempt file: something is left over"
    ok "an exempt file passes, although it is named"
}

deletion_runs_the_registry_hook() {
    git rm --quiet src/old.rs
    git commit --message "delete" >"$log" 2>&1 || true
    hook_is "require thread registry" "(Passed|Failed)" "a commit that only deletes"
    says_not "require thread registry (no files" "a commit that only deletes"
    hook_is "no detached threads" "Skipped" "a commit that only deletes"
    # `pub mod old;` dangles now: that is worth a warning and blocks nobody.
    hook_is "require thread registry" "Passed" "a commit that only deletes"
    ok "a commit that only deletes still runs the registry hook"
}

many_files_work() {
    mkdir -p src/many
    : >src/many/mod.rs
    local number
    for number in $(seq 1 2000); do
        echo "pub mod file_$number;" >>src/many/mod.rs
        printf 'pub fn run() {\n    let worker = std::thread::spawn(|| {});\n    worker.join().unwrap();\n}\n' \
            >"src/many/file_$number.rs"
    done
    printf 'pub mod many;\npub mod worker;\n' >src/lib.rs
    git add --all
    pre-commit run --all-files >"$log" 2>&1 || fail "2,000 clean files"
    hook_is "no detached threads" "Passed" "2,000 files"
    ok "2,000 files pass"

    printf 'pub fn run() {\n    std::thread::spawn(|| {});\n}\n' >src/many/file_1500.rs
    git add --all
    if pre-commit run --all-files >"$log" 2>&1; then fail "one violation among 2,000 files went through"; fi
    says "src/many/file_1500.rs:2" "one violation among 2,000 files"
    local times
    times=$(grep -cF "src/many/file_1500.rs:2" "$log")
    [ "$times" -eq 1 ] || fail "one violation among 2,000 files is reported $times times"
    ok "one violation among 2,000 files is found, once"
}

mkdir -p "$work"
rm -f "$log"
install_pre_commit
PATH=$work/venv/bin:$PATH
make_hook_repo
make_user_repo
manifest_is_valid
echo "installing the hooks at $rev (the first time builds the tool)"
pre-commit install-hooks >"$log" 2>&1 || fail "pre-commit could not install the hooks"
clean_commit_passes
violation_is_blocked
exempt_file_passes
deletion_runs_the_registry_hook
many_files_work
echo "hooks: $checks checks passed"

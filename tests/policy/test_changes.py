"""What differs between two bundles: every file named once, diffs that can be read, and bounds that hold."""

import time

from console.policy.changes import CUT, MAX_DIFF_BYTES, MAX_LINES, MAX_TOTAL_BYTES, NOT_SHOWN, file_changes


def test_what_is_the_same_is_not_named() -> None:
    assert file_changes({"a": "x\n"}, {"a": "x\n"}) == ()


def test_each_file_is_named_with_what_happened_to_it() -> None:
    found = file_changes({"gone": "1\n", "same": "=", "other": "a\nb\n"}, {"new": "2\n", "same": "=", "other": "a\nc\n"})
    assert [(one.path, one.change) for one in found] == [("gone", "removed"), ("new", "added"), ("other", "changed")]
    assert found[0].diff.splitlines()[:2] == ["--- gone", "+++ /dev/null"]
    assert "-1" in found[0].diff.splitlines()
    assert found[1].diff.splitlines()[:2] == ["--- /dev/null", "+++ new"]
    assert found[2].diff.splitlines() == ["--- other", "+++ other", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]


def test_an_empty_file_that_is_new_is_named() -> None:
    assert [(one.path, one.change) for one in file_changes({}, {"a": ""})] == [("a", "added")]


def test_an_end_that_is_missing_is_told() -> None:
    (one,) = file_changes({"a": "x\ny\n"}, {"a": "x\ny"})
    assert one.diff.splitlines()[3:] == [" x", "-y", "+y", "\\ No newline at end of file"]
    (whole,) = file_changes({}, {"a": "x"})
    assert whole.diff.splitlines()[2:] == ["@@ -0,0 +1,1 @@", "+x", "\\ No newline at end of file"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    (one,) = file_changes({"a": ""}, {"a": "é" * 50 + "\n" + "line\n" * 100_000})
    assert one.diff.endswith(CUT)
    assert len(one.diff.encode()) <= MAX_DIFF_BYTES


def test_one_line_longer_than_the_bound_is_cut() -> None:
    (one,) = file_changes({"a": "x"}, {"a": "y" * 2 * MAX_DIFF_BYTES})
    assert len(one.diff.encode()) <= MAX_DIFF_BYTES
    assert one.diff.endswith(CUT)


def test_many_lines_are_shown_whole_without_what_they_share() -> None:
    head, tail = "same\n" * MAX_LINES, "end\n" * 10
    (one,) = file_changes({"a": head + "old\n" + tail}, {"a": head + "new\nnewer\n" + tail})
    assert one.diff.splitlines()[2:] == [f"@@ -{MAX_LINES + 1},1 +{MAX_LINES + 1},2 @@", "-old", "+new", "+newer"]


def test_all_together_are_bounded_and_each_is_named() -> None:
    files = {f"f{number:03}": f"{number}\n" * 20_000 for number in range(64)}
    found = file_changes({}, files)
    assert len(found) == 64
    assert sum(len(one.diff.encode()) for one in found) <= MAX_TOTAL_BYTES + MAX_DIFF_BYTES + 64 * len(NOT_SHOWN)
    assert found[-1].diff == NOT_SHOWN


def test_lines_that_are_hard_to_tell_apart_take_no_minutes() -> None:
    before = "\n".join(str(number * 7919 % 1999) for number in range(MAX_LINES))
    after = "\n".join(str(number * 104_729 % 1999) for number in range(MAX_LINES))
    began = time.perf_counter()
    file_changes({"a": before}, {"a": after})
    assert time.perf_counter() - began < 20

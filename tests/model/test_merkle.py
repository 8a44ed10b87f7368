"""The Merkle functions against the recursive definition of RFC 9162, section 2.1."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import merkle

LEAVES = st.lists(st.binary(max_size=8), max_size=70)


def head(data: list[bytes]) -> bytes:
    """MTH as section 2.1.1 writes it down."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    width = 1
    while width * 2 < len(data):
        width *= 2
    return hashlib.sha256(b"\x01" + head(data[:width]) + head(data[width:])).digest()


def hashes(data: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(item) for item in data]


@given(LEAVES)
def test_the_peaks_give_the_root_of_the_definition(data: list[bytes]) -> None:
    peaks: merkle.Peaks = ()
    for size, leaf in enumerate(hashes(data)):
        peaks = merkle.append(size, peaks, leaf)
    assert merkle.root(peaks) == head(data)
    assert len(peaks) == len(data).bit_count()


@given(LEAVES)
def test_each_peak_is_the_root_of_its_span(data: list[bytes]) -> None:
    peaks = merkle.peaks_of(hashes(data))
    spans = merkle.spans(len(data))
    assert [head(data[start:end]) for start, end in spans] == list(peaks)
    assert sum(end - start for start, end in spans) == len(data)


@given(LEAVES.filter(bool), st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_no_other(data: list[bytes], choose: st.DataObject) -> None:
    leaves = hashes(data)
    size = choose.draw(st.integers(1, len(data)))
    index = choose.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(leaves, index, size)
    tree_root = head(data[:size])
    assert merkle.verify_inclusion(leaves[index], index, size, path, tree_root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"something else"), index, size, path, tree_root)
    assert not merkle.verify_inclusion(leaves[index], index, size, (*path, tree_root), tree_root)
    assert not merkle.verify_inclusion(leaves[index], size, size, path, tree_root)
    if path:
        assert not merkle.verify_inclusion(leaves[index], index, size, path[:-1], tree_root)


@given(LEAVES.filter(bool), st.data())
def test_a_consistency_proof_holds_for_a_beginning_and_no_other(data: list[bytes], choose: st.DataObject) -> None:
    leaves = hashes(data)
    size = choose.draw(st.integers(1, len(data)))
    earlier = choose.draw(st.integers(1, size))
    path = merkle.consistency_path(leaves, earlier, size)
    before, after = head(data[:earlier]), head(data[:size])
    assert merkle.verify_consistency(earlier, size, path, before, after)
    rebuilt = head([b"something else", *data[1:earlier]])
    if rebuilt != before:
        assert not merkle.verify_consistency(earlier, size, path, rebuilt, after)
    assert not merkle.verify_consistency(earlier, size, path, before, hashlib.sha256(after).digest())
    assert not merkle.verify_consistency(earlier, size, (*path, after), before, after)
    if path:
        assert not merkle.verify_consistency(earlier, size, path[:-1], before, after)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, 4)])
def test_a_proof_of_what_is_not_there_is_refused(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_path(hashes([b"a", b"b", b"c"]), index, size)


@pytest.mark.parametrize(("earlier", "size"), [(0, 3), (3, 2), (2, 4)])
def test_a_proof_from_what_is_no_beginning_is_refused(earlier: int, size: int) -> None:
    with pytest.raises(IndexError):
        merkle.consistency_path(hashes([b"a", b"b", b"c"]), earlier, size)
    assert not merkle.verify_consistency(0, 3, (), merkle.EMPTY_ROOT, merkle.EMPTY_ROOT)

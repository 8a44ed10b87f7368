"""The Merkle tree of the audit log (RFC 9162, section 2.1) as pure functions over hashes.

A tree is carried as its size and its *peaks*: the hashes of the perfect subtrees that make it up, largest first. Appending
takes O(log n) hashes and the peaks are all that must be kept. Proofs are made from the leaf hashes. Anyone may import this.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeAlias

Peaks: TypeAlias = tuple[bytes, ...]

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256 over 0x00 and the data (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over 0x01 and both children (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(size: int, peaks: Peaks, leaf: bytes) -> Peaks:
    """The peaks of a tree of `size` leaves after one more leaf hash."""
    merged = leaf
    kept = len(peaks)
    while size & 1:
        kept -= 1
        merged = node_hash(peaks[kept], merged)
        size >>= 1
    return (*peaks[:kept], merged)


def root(peaks: Peaks) -> bytes:
    """The root of a tree, from its peaks (RFC 9162, section 2.1.1)."""
    if not peaks:
        return EMPTY_ROOT
    merged = peaks[-1]
    for peak in reversed(peaks[:-1]):
        merged = node_hash(peak, merged)
    return merged


def spans(size: int) -> tuple[tuple[int, int], ...]:
    """The leaves below each peak of a tree, as (first, one past the last), largest peak first."""
    found = []
    start = 0
    for bit in range(size.bit_length() - 1, -1, -1):
        width = 1 << bit
        if size & width:
            found.append((start, start + width))
            start += width
    return tuple(found)


def peaks_of(leaves: Sequence[bytes], start: int = 0, end: int | None = None) -> Peaks:
    """The peaks of the tree over the leaf hashes from `start` to before `end`."""
    peaks: Peaks = ()
    for size, index in enumerate(range(start, len(leaves) if end is None else end)):
        peaks = append(size, peaks, leaves[index])
    return peaks


def inclusion_path(leaves: Sequence[bytes], index: int, size: int | None = None) -> tuple[bytes, ...]:
    """The proof that leaf `index` is in the tree of the first `size` leaves (RFC 9162, section 2.1.3.1).

    Raises IndexError when there is no such leaf.
    """
    end = len(leaves) if size is None else size
    if not 0 <= index < end <= len(leaves):
        raise IndexError(f"there is no leaf {index} in a tree of {end}")
    path = []
    start = 0
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            path.append(root(peaks_of(leaves, middle, end)))
            end = middle
        else:
            path.append(root(peaks_of(leaves, start, middle)))
            start = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether a proof shows that a leaf hash stands at `index` of the tree (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, merged = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            merged = node_hash(step, merged)
            if not first & 1:
                while first and not first & 1:
                    first >>= 1
                    last >>= 1
        else:
            merged = node_hash(merged, step)
        first >>= 1
        last >>= 1
    return last == 0 and merged == tree_root


def consistency_path(leaves: Sequence[bytes], earlier: int, size: int | None = None) -> tuple[bytes, ...]:
    """The proof that the tree of `earlier` leaves is the beginning of the tree of `size` (RFC 9162, section 2.1.4.1).

    Raises IndexError unless 0 < earlier ≤ size ≤ the number of leaves.
    """
    end = len(leaves) if size is None else size
    if not 0 < earlier <= end <= len(leaves):
        raise IndexError(f"a tree of {earlier} is not the beginning of a tree of {end}")
    path = []
    start, whole = 0, True
    while earlier != end:
        middle = start + _left_width(end - start)
        if earlier <= middle:
            path.append(root(peaks_of(leaves, middle, end)))
            end = middle
        else:
            path.append(root(peaks_of(leaves, start, middle)))
            start, whole = middle, False
    if not whole:
        path.append(root(peaks_of(leaves, start, end)))
    return tuple(reversed(path))


def verify_consistency(earlier: int, size: int, path: Sequence[bytes], earlier_root: bytes, tree_root: bytes) -> bool:
    """Whether a proof shows that one tree is the beginning of another (RFC 9162, section 2.1.4.2)."""
    if not 0 < earlier <= size:
        return False
    if earlier == size:
        return not path and earlier_root == tree_root
    steps = list(path)
    if earlier & (earlier - 1) == 0:
        steps.insert(0, earlier_root)
    if not steps:
        return False
    first, last = earlier - 1, size - 1
    while first & 1:
        first >>= 1
        last >>= 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            before = node_hash(step, before)
            after = node_hash(step, after)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            after = node_hash(after, step)
        first >>= 1
        last >>= 1
    return last == 0 and before == earlier_root and after == tree_root


def _left_width(width: int) -> int:
    """The largest power of two smaller than a width of at least two."""
    return 1 << (width - 1).bit_length() - 1

"""The segmented index finds what comparing with every entry finds, whatever was added, removed or merged."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from safehold.model.errors import SegmentDamaged, SegmentNotWritten
from safehold.model.ids import new_id
from safehold.signals.index import Hit
from safehold.signals.index.folder import Contents, discard, read_contents, the_only_writer, write_contents
from safehold.signals.index.rows import LiveRows, id_rows
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import write_segment
from safehold.signals.index.segmented import Merge, SegmentedIndex, to_merge

Change = tuple[UUID, bytes | None]


def table(values: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def random_values(count: int, seed: int = 1) -> list[bytes]:
    return [np.random.default_rng((seed, k)).bytes(32) for k in range(count)]


def flipped(value: bytes, bits: set[int]) -> bytes:
    return (int.from_bytes(value) ^ sum(1 << bit for bit in bits)).to_bytes(32)


def tag_of(one: UUID) -> int:
    """Return the tag that an entry is given by `AnyOrder`."""
    return one.int % 3


def by_comparing_all(
    entries: dict[UUID, bytes], value: bytes, max_distance: int, tag: Callable[[UUID], int] = lambda _: 0
) -> list[Hit]:
    distances = {one: (int.from_bytes(value) ^ int.from_bytes(v)).bit_count() for one, v in entries.items()}
    hits = [Hit(one, distance, tag(one)) for one, distance in distances.items() if distance <= max_distance]
    return sorted(hits, key=lambda hit: (hit.distance, hit.entry_id))


BASES = random_values(3)
VALUES = st.builds(flipped, st.sampled_from(BASES), st.sets(st.integers(0, 255), max_size=40))


def merged(index: SegmentedIndex, covers: int = 0, *, everything: bool = False) -> bool:
    merge = index.begin_merge({"changes": covers}, everything=everything)
    assert merge is not None
    return index.finish_merge(merge)


class Host:
    """One process of a host: an index, and how much of the log of all changes it has taken in."""

    def __init__(self, folder: Path) -> None:
        self.index = SegmentedIndex(folder)
        self.seen = self.index.covers.get("changes", 0)

    def catch_up(self, log: list[Change], up_to: int) -> None:
        for one, value in log[self.seen : up_to]:
            if value is None:
                self.index.remove([one])
            elif self.index.holds([one]) == [False]:
                self.index.add([one], table([value]), tag_of(one))
        self.seen = max(self.seen, up_to)


class AnyOrder(RuleBasedStateMachine):
    """Two processes follow one log, each at its own pace, and merge, adopt, die and start again."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.log: list[Change] = []
        self.hosts = [Host(self.folder), Host(self.folder)]
        self.merging: list[Merge | None] = [None, None]

    def teardown(self) -> None:
        self.temporary.cleanup()

    def entries(self) -> dict[UUID, bytes]:
        entries: dict[UUID, bytes] = {}
        for one, value in self.log:
            entries.pop(one, None)
            if value is not None:
                entries[one] = value
        return entries

    @rule(values=st.lists(VALUES, max_size=12))
    def add(self, values: list[bytes]) -> None:
        self.log += [(new_id(), value) for value in values]

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        known = list(self.entries())
        if known:
            self.log += [(one, None) for one in data.draw(st.sets(st.sampled_from(known), max_size=6))]

    @rule(which=st.integers(0, 1), share=st.floats(0, 1))
    def catch_up(self, which: int, share: float) -> None:
        host = self.hosts[which]
        host.catch_up(self.log, host.seen + round(share * (len(self.log) - host.seen)))

    @rule(which=st.integers(0, 1), everything=st.booleans())
    def begin(self, which: int, everything: bool) -> None:
        host = self.hosts[which]
        merge = host.index.begin_merge({"changes": host.seen}, everything=everything)
        self.merging[which] = merge or self.merging[which]

    @rule(which=st.integers(0, 1))
    def finish(self, which: int) -> None:
        merge, self.merging[which] = self.merging[which], None
        if merge is not None:
            self.hosts[which].index.finish_merge(merge)

    @rule(which=st.integers(0, 1))
    def adopt(self, which: int) -> None:
        self.hosts[which].index.adopt()

    @rule(which=st.integers(0, 1))
    def merge_and_let_the_other_adopt(self, which: int) -> None:
        self.begin(which, everything=True)
        self.finish(which)
        self.adopt(1 - which)

    @rule(which=st.integers(0, 1))
    def die_and_start_again(self, which: int) -> None:
        self.hosts[which], self.merging[which] = Host(self.folder), None

    @rule(value=VALUES, max_distance=st.one_of(st.integers(0, 40), st.integers(0, 300)))
    def search(self, value: bytes, max_distance: int) -> None:
        wanted = by_comparing_all(self.entries(), value, max_distance, tag_of)
        for host in self.hosts:
            host.catch_up(self.log, len(self.log))
            assert host.index.search(value, max_distance) == wanted
            found = host.index.search_many(table([BASES[0], value]), max_distance, threads=2)
            assert found[1] == wanted
            [glimpsed] = host.index.search_many(table([value]), max_distance, beyond=8)
            assert [hit for hit in glimpsed if hit.distance <= max_distance] == wanted
            assert all(hit.distance <= max_distance + 8 for hit in glimpsed)

    @invariant()
    def lengths_agree(self) -> None:
        for host in self.hosts:
            if host.seen == len(self.log):
                assert len(host.index) == len(self.entries())
                assert host.index.counts == Counter(map(tag_of, self.entries()))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_an_entry_is_found_before_during_and_after_a_merge_and_after_a_start(tmp_path: Path) -> None:
    values = random_values(300)
    ids = [new_id() for _ in values]
    index = SegmentedIndex(tmp_path)
    index.add(ids[:200], table(values[:200]))
    merge = index.begin_merge({"list": 7})
    assert merge is not None
    assert index.begin_merge({"list": 8}) is None
    index.add(ids[200:], table(values[200:]))
    index.remove(ids[:50])
    remaining = dict(zip(ids[50:], values[50:], strict=True))
    for _ in range(2):
        assert len(index) == 250
        for value in values[::17]:
            assert index.search(value, 31) == by_comparing_all(remaining, value, 31)
        if index.covers == {}:
            assert index.finish_merge(merge)
    assert index.covers == {"list": 7}
    again = SegmentedIndex(tmp_path)
    assert again.covers == {"list": 7}
    assert again.holds(ids) == [False] * 50 + [True] * 150 + [False] * 100


def test_a_merge_leaves_one_file_for_each_segment_that_counts(tmp_path: Path) -> None:
    (tmp_path / "left-by-a-death.segment.partial").write_bytes(b"half")
    (tmp_path / "left-by-a-death.segment").write_bytes(b"whole")
    index = SegmentedIndex(tmp_path)
    for part in (400, 20, 3):
        index.add([new_id() for _ in range(part)], table(random_values(part)))
        assert merged(index)
    assert sorted(read_contents(tmp_path).removed) == sorted(p.name for p in tmp_path.glob("*.segment"))
    assert not list(tmp_path.glob("*.partial"))
    assert merged(index, everything=True)
    assert len(list(tmp_path.glob("*.segment"))) == 1
    assert len(index) == 423


def test_when_every_entry_is_removed_no_segment_remains(tmp_path: Path) -> None:
    index, ids = SegmentedIndex(tmp_path), [new_id() for _ in range(20)]
    index.add(ids, table(random_values(20)))
    assert merged(index)
    index.remove(ids)
    assert merged(index)
    assert list(tmp_path.glob("*.segment")) == []
    assert index.search(bytes(32), 256) == []


def segment_of(folder: Path, count: int, removed: int = 0) -> Segment:
    values = table(random_values(count))
    path = folder / f"{uuid4().hex}.segment"
    tags = np.zeros(count, np.uint64)
    write_segment(path, id_rows(sorted(new_id() for _ in range(count))), values, tags, 16)
    segment = Segment(path)
    segment.gone[:removed] = True
    return segment


def test_what_is_large_beside_the_rest_stays_unless_it_is_full_of_holes(tmp_path: Path) -> None:
    live = LiveRows()
    live.append(id_rows([new_id() for _ in range(10)]), table(random_values(10)), np.zeros(10, np.uint64))
    small, middle, large = segment_of(tmp_path, 40), segment_of(tmp_path, 150), segment_of(tmp_path, 900)
    assert to_merge([large, live]) == (live,)
    assert to_merge([large, small, live]) == (live, small)
    assert to_merge([large, middle, small, live]) == (live, small, middle)
    assert to_merge([segment_of(tmp_path, 400), middle, small, live])[-1] is not live
    holey = segment_of(tmp_path, 900, removed=113)
    assert to_merge([holey, live]) == (live, holey)
    assert to_merge([segment_of(tmp_path, 900, removed=112), live]) == (live,)


def test_a_merge_is_due_when_much_is_in_memory_and_none_is_under_way(tmp_path: Path) -> None:
    index = SegmentedIndex(tmp_path)
    for due in (False, True):
        assert index.merge_is_due is due
        index.add([new_id() for _ in range(1 << 16)], np.zeros((1 << 16, 32), np.uint8))
    assert index.begin_merge({}) is not None
    assert not index.merge_is_due


def test_a_batch_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    index, one, other = SegmentedIndex(tmp_path), new_id(), new_id()
    index.add([one], table([bytes(32)]))
    assert merged(index)
    index.add([other], table([bytes(32)]))
    for ids, values in (
        ([new_id(), one], np.zeros((2, 32), np.uint8)),
        ([new_id(), other], np.zeros((2, 32), np.uint8)),
        ([twice := new_id(), twice], np.zeros((2, 32), np.uint8)),
        ([new_id()], np.zeros((2, 32), np.uint8)),
        ([new_id()], np.zeros((1, 31), np.uint8)),
        ([new_id()], np.zeros((1, 32), np.int8)),
    ):
        with pytest.raises(ValueError):
            index.add(ids, values)
    assert {hit.entry_id for hit in index.search(bytes(32), 256)} == {one, other}


@pytest.mark.parametrize(("value", "distance"), [(bytes(31), 0), (bytes(33), 0), (bytes(32), -1)])
def test_a_digest_of_another_length_or_a_negative_distance_is_refused(
    tmp_path: Path, value: bytes, distance: int
) -> None:
    with pytest.raises(ValueError, match="expected"):
        SegmentedIndex(tmp_path).search(value, distance)


def test_only_one_process_merges_at_a_time_and_one_that_was_overtaken_adopts(tmp_path: Path) -> None:
    one, other = SegmentedIndex(tmp_path), SegmentedIndex(tmp_path)
    ids = [new_id() for _ in range(2)]
    for index, which in ((one, 0), (other, 1)):
        index.add([ids[which]], table([bytes(32)]))
    with the_only_writer(tmp_path) as alone:
        assert alone
        assert not merged(one)
    assert merged(one)
    assert not merged(other)
    assert other.adopt()
    assert not other.adopt()
    assert [hit.entry_id for hit in other.search(bytes(32), 0)] == sorted(ids)
    assert merged(other)
    assert one.adopt()
    assert one.holds(ids) == [True, True]


def test_what_one_process_knows_it_still_knows_after_it_adopted_what_another_merged(tmp_path: Path) -> None:
    merging, ahead = SegmentedIndex(tmp_path), SegmentedIndex(tmp_path)
    shared, news = [new_id() for _ in range(6)], new_id()
    for index in (merging, ahead):
        index.add(shared, table([bytes(32)] * 6))
    ahead.remove(shared[:2])
    ahead.add([news], table([bytes(32)]))
    assert merged(merging, 1)
    assert ahead.adopt()
    assert [hit.entry_id for hit in ahead.search(bytes(32), 0)] == sorted([*shared[2:], news])
    ahead.remove(shared[2:3])
    merging.add([new_id()], table([bytes(32)]))
    assert merged(merging, 2, everything=True)
    assert ahead.adopt()
    assert ahead.holds(shared) == [False] * 3 + [True] * 3
    assert len(ahead.search(bytes(32), 0)) == len(ahead) == 5


def test_a_merge_that_began_before_adopting_is_given_up(tmp_path: Path) -> None:
    one, other = SegmentedIndex(tmp_path), SegmentedIndex(tmp_path)
    ids = [new_id() for _ in range(2)]
    one.add(ids, table([bytes(32)] * 2))
    other.add(ids, table([bytes(32)] * 2))
    begun = other.begin_merge({})
    assert begun is not None
    assert merged(one)
    assert other.adopt()
    assert not other.finish_merge(begun)
    assert len(other.search(bytes(32), 0)) == 2
    assert merged(other)


def test_what_is_gone_stays_gone_when_the_live_part_grows(tmp_path: Path) -> None:
    index, ids = SegmentedIndex(tmp_path), [new_id() for _ in range(200)]
    index.add(ids[:60], np.zeros((60, 32), np.uint8))
    index.remove(ids[:9])
    index.add(ids[60:], np.zeros((140, 32), np.uint8))
    assert index.holds(ids) == [False] * 9 + [True] * 191
    assert [hit.entry_id for hit in index.search(bytes(32), 0)] == sorted(ids[9:])


def test_an_index_that_is_built_anew_does_not_displace_one_that_knows_more(tmp_path: Path) -> None:
    index, one = SegmentedIndex(tmp_path), new_id()
    index.add([one], table([bytes(32)]))
    assert merged(index, 9)
    discard(tmp_path)
    anew = SegmentedIndex(tmp_path)
    assert len(anew) == 0
    assert merged(anew, 3)
    assert not index.adopt()
    assert index.holds([one]) == [True]


@pytest.mark.parametrize("damage", ["segment", "contents", "rows", "version"])
def test_a_damaged_folder_is_refused_until_it_is_discarded(tmp_path: Path, damage: str) -> None:
    index = SegmentedIndex(tmp_path)
    index.add([new_id() for _ in range(30)], table(random_values(30)))
    assert merged(index)
    contents = read_contents(tmp_path)
    file = next(tmp_path.glob("*.segment")) if damage == "segment" else tmp_path / "contents.json"
    if damage == "rows":
        write_contents(tmp_path, Contents("x", {}, {next(iter(contents.removed)): (30,)}))
    elif damage == "version":
        text = file.read_bytes().partition(b"\n")[2].replace(b'"version": 2', b'"version": 1')
        file.write_bytes(hashlib.blake2b(text, digest_size=16).hexdigest().encode() + b"\n" + text)
    else:
        data = file.read_bytes()
        file.unlink()  # never changed in place: the index above has it mapped
        file.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    with pytest.raises(SegmentDamaged):
        SegmentedIndex(tmp_path)
    assert len(index.search(random_values(1)[0], 0)) == 1
    discard(tmp_path)
    assert len(SegmentedIndex(tmp_path)) == 0


def test_a_folder_that_takes_no_files_loses_no_entry(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    index, ids = SegmentedIndex(folder), [new_id() for _ in range(30)]
    index.add(ids, table(random_values(30)))
    folder.rmdir()
    with pytest.raises(SegmentNotWritten):
        merged(index)
    assert index.holds(ids) == [True] * 30
    folder.mkdir()
    assert merged(index)
    assert SegmentedIndex(folder).holds(ids) == [True] * 30


def test_a_folder_that_was_damaged_meanwhile_loses_no_entry(tmp_path: Path) -> None:
    index, ids = SegmentedIndex(tmp_path), [new_id() for _ in range(30)]
    index.add(ids[:20], table(random_values(20)))
    assert merged(index)
    index.add(ids[20:], table(random_values(10)))
    (tmp_path / "contents.json").write_bytes(b"nothing that was written")
    with pytest.raises(SegmentDamaged):
        merged(index)
    assert index.holds(ids) == [True] * 30
    discard(tmp_path)
    index.add([new_id()], table([bytes(32)]))
    assert merged(index, everything=True)
    assert SegmentedIndex(tmp_path).holds(ids) == [True] * 30


def test_a_merge_that_would_leave_out_a_discarded_segment_is_not_written(tmp_path: Path) -> None:
    index, ids = SegmentedIndex(tmp_path), [new_id() for _ in range(60)]
    index.add(ids, table(random_values(60)))
    assert merged(index)
    index.add([one := new_id()], table([bytes(32)]))
    discard(tmp_path)
    assert not merged(index)
    assert len(SegmentedIndex(tmp_path)) == 0
    assert index.holds([*ids, one]) == [True] * 61
    assert merged(index, everything=True)
    assert SegmentedIndex(tmp_path).holds([*ids, one]) == [True] * 61


def test_readers_see_every_settled_entry_while_others_are_added_removed_and_merged(tmp_path: Path) -> None:
    index, done = SegmentedIndex(tmp_path), threading.Event()
    settled = [new_id() for _ in range(20)]
    index.add(settled, np.zeros((20, 32), np.uint8))
    broken: list[object] = []

    def read() -> None:
        while not done.is_set():
            try:
                found = {hit.entry_id for hit in index.search(bytes(32), 31)}
                if not found >= set(settled):
                    broken.append(set(settled) - found)
            except Exception as error:  # noqa: BLE001 - shown by the assertion below
                broken.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for round_ in range(12):
        passing = [new_id() for _ in range(40)]
        index.add(passing, np.zeros((40, 32), np.uint8))
        merge = index.begin_merge({}, everything=bool(round_ % 2))
        assert merge is not None
        finishing = threading.Thread(target=index.finish_merge, args=(merge,))
        finishing.start()
        index.remove(passing[:30])
        finishing.join()
        index.remove(passing[30:])
    done.set()
    for reader in readers:
        reader.join()
    assert broken == []
    assert [hit.entry_id for hit in index.search(bytes(32), 31)] == sorted(settled)


def test_a_segment_that_goes_bad_while_it_is_mapped_is_found_out_by_checking(tmp_path: Path) -> None:
    index = SegmentedIndex(tmp_path)
    index.add([new_id() for _ in range(30)], table(random_values(30)))
    assert merged(index)
    index.check()
    path = next(tmp_path.glob("*.segment"))
    data = path.read_bytes()
    path.unlink()
    index.check()  # a merge of another process unlinks it just so, and what is mapped stays
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(SegmentDamaged):
        index.check()


def test_entries_of_other_widths_are_found_as_by_comparing_all(tmp_path: Path) -> None:
    index = SegmentedIndex(tmp_path, 16)
    values = [value[:16] for value in random_values(50)]
    ids = [new_id() for _ in values]
    index.add(ids, np.frombuffer(b"".join(values), np.uint8).reshape(-1, 16), 9)
    for _ in range(2):
        for one, value in zip(ids, values, strict=True):
            assert index.search(value, 0) == [Hit(one, 0, 9)]
            near = index.search(flipped(value + bytes(16), {130, 200})[:16], 31)
            assert Hit(one, 2, 9) in near
        assert merged(index)
    for wrong in (bytes(15), bytes(32)):
        with pytest.raises(ValueError, match="expected"):
            index.search(wrong, 0)
    with pytest.raises(ValueError, match="expected"):
        index.search_many(table(random_values(1)), 0)


def test_notes_of_segments_that_are_gone_are_swept_with_them(tmp_path: Path) -> None:
    index = SegmentedIndex(tmp_path)
    for number in range(3):
        index.add([new_id()], table(random_values(1, seed=number)))
        assert merged(index, everything=True)
    assert len(list(tmp_path.glob("*.segment"))) == len(list(tmp_path.glob("*.checked"))) == 1


def test_what_is_merged_under_a_head_is_opened_under_it(tmp_path: Path) -> None:
    index = SegmentedIndex(tmp_path)
    merge = index.begin_merge({"one": 7}, heads={"one": "seven"})
    assert merge is not None
    assert index.finish_merge(merge)
    assert (index.covers, index.heads) == ({"one": 7}, {"one": "seven"})
    assert SegmentedIndex(tmp_path).heads == {"one": "seven"}

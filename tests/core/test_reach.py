"""How far a pixel reaches, against layers that are really run, one axis at a time."""

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from onepixel_gui.classifier.reach import Reach, Take

quick = settings(max_examples=60, deadline=None)


@st.composite
def sliding(draw, length):
    """(kernel, stride, before, dilation, after) of a layer that fits a map of this length."""
    how = [draw(st.integers(low, high)) for low, high in ((1, 5), (1, 3), (0, 3), (1, 2), (0, 3))]
    assume(length + how[2] + how[4] >= how[3] * (how[0] - 1) + 1)
    return tuple(how)


@st.composite
def stacks(draw):
    """(length of the input, layers one after another)."""
    length = first = draw(st.integers(1, 24))
    layers = []
    for _ in range(draw(st.integers(1, 4))):
        how = draw(sliding(length))
        layers.append(how)
        length = slid(torch.zeros(1, 1, length), how).shape[2]
    return first, layers


def slid(maps, how):
    kernel, stride, before, dilation, after = how
    padded = functional.pad(maps, (before, after))
    return functional.conv1d(padded, torch.ones(1, 1, kernel), None, stride, 0, dilation)


def reached(length, span, layers):
    """The reach of the last layer, and (L, length of it) which positions really change."""
    reach = Reach.of_input(length, span)
    maps = torch.stack([square(length, span, place) for place in range(length)])[:, None]
    for how in layers:
        maps = slid(maps, how)
        kernel, stride, before, dilation, _ = how
        reach = reach.through(kernel, stride, before, dilation, maps.shape[2])
    return reach, (maps[:, 0] > 0).numpy()


def square(length, span, place):
    """1 where pixels change: `span` of them from a place on, pushed back inside the map."""
    start = min(place, max(0, length - span))
    return (torch.arange(length) >= start).float() * (torch.arange(length) < start + span).float()


def solid(layers):
    """No layer leaves holes, which a window bridges."""
    return all(kernel >= stride and dilation == 1 for kernel, stride, _, dilation, _ in layers)


@quick
@given(stack=stacks(), span=st.integers(1, 4))
def test_the_window_holds_every_position_that_changes(stack, span):
    length, layers = stack
    reach, touched = reached(length, span, layers)
    for place in range(length):
        there = np.flatnonzero(touched[place])
        window = np.arange(reach.start[place], reach.start[place] + reach.size)
        assert window[0] >= 0
        assert window[-1] < reach.length == touched.shape[1]
        assert np.isin(there, window).all()
        if len(there) and solid(layers):
            assert (there[0], there[-1]) == (reach.first[place], reach.last[place])


@quick
@given(stack=stacks())
def test_a_window_is_no_larger_than_what_some_place_needs(stack):
    length, layers = stack
    reach, touched = reached(length, 1, layers)
    widths = [np.ptp(np.flatnonzero(row)) + 1 for row in touched if row.any()]
    assert reach.size >= max([1, *widths])
    if solid(layers):
        assert reach.size == max([1, *widths])


def test_a_place_that_a_stride_steps_over_reaches_nothing():
    reach = Reach.of_input(9).through(1, 3, 0, 1, 3)
    empty = reach.first > reach.last
    assert empty.tolist() == [False, True, True] * 3
    after = reach.through(3, 1, 1, 1, 3)
    assert (after.first > after.last).tolist() == empty.tolist()


@quick
@given(length=st.integers(2, 20), amounts=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_padding_moves_places_and_joining_takes_the_outermost(length, amounts):
    reach = Reach.of_input(length)
    wide = reach.padded(*amounts)
    assert wide.length == length + sum(amounts)
    assert np.array_equal(wide.first, np.arange(length) + amounts[0])
    other = reach.through(3, 1, 1, 1, length)
    joined = reach.beside(other)
    assert np.array_equal(joined.first, other.first)
    assert np.array_equal(joined.last, other.last)


def test_joining_does_not_stretch_over_a_branch_that_is_not_reached():
    stepped = Reach.of_input(9).through(1, 3, 0, 1, 3)  # every third place
    wide = Reach.of_input(9).through(3, 3, 0, 1, 3)
    joined = stepped.beside(wide)
    assert np.array_equal(joined.first, wide.first)
    assert np.array_equal(joined.last, wide.last)


@quick
@given(stack=stacks(), span=st.integers(1, 3), data=st.data())
def test_a_layer_on_what_is_taken_gives_its_window_of_the_whole_map(stack, span, data):
    """One axis of what the steps do: the clean map with the window pasted in, then the layer."""
    length, layers = stack
    source, _ = reached(length, span, layers[:-1]) if layers[1:] else (
        Reach.of_input(length, span), None
    )  # fmt: skip
    how = layers[-1]
    kernel, stride, before, dilation, _ = how
    chance = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    clean = torch.rand(source.length, generator=chance)
    target = source.through(kernel, stride, before, dilation, slid(clean[None, None], how).shape[2])
    take = Take.between(source, target, kernel, stride, before, dilation)
    inner = 1 if kernel == 1 else stride
    weight = torch.rand(1, 1, kernel, generator=chance)
    for place in range(length):
        dirty = clean.clone()
        start = int(source.start[place])
        if source.first[place] <= source.last[place]:
            inside = slice(int(source.first[place]), int(source.last[place]) + 1)
            dirty[inside] = torch.rand(inside.stop - inside.start, generator=chance)
        places = take.places[place]
        known = (places >= 0) & (places < source.length)
        patch = torch.where(torch.from_numpy(known), clean[np.clip(places, 0, len(clean) - 1)], 0.0)
        for index, to in enumerate(take.pasted[place]):
            if to >= 0:
                patch[to] = dirty[start + index]
        told = functional.conv1d(patch[None, None], weight, None, inner, 0, dilation)[0, 0]
        padded = functional.pad(dirty, (before, how[4]))[None, None]
        whole = functional.conv1d(padded, weight, None, stride, 0, dilation)[0, 0]
        window = slice(int(target.start[place]), int(target.start[place]) + target.size)
        torch.testing.assert_close(told, whole[window])


def test_a_take_is_trivial_where_the_window_itself_is_read():
    reach = Reach.of_input(9).through(3, 1, 0, 1, 7)
    same = reach.through(1, 1, 0, 1, 7)
    assert Take.between(reach, same).trivial
    wider = reach.through(3, 1, 1, 1, 7)
    assert not Take.between(reach, wider, 3, 1, 1, 1).trivial

"""Matching: the cheapest assignment, whatever the order."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank_engine.families.grounding_dino.matching import MatchingCosts, match
from skillbank_engine.families.grounding_dino.targets import batch_targets


@given(st.integers(0, 2**31 - 1), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_permuting_queries_permutes_the_assignment(seed: int, boxes: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    queries, tokens = 7, 6
    logits = torch.randn(1, 1, queries, tokens, generator=generator)
    predicted = torch.rand(1, 1, queries, 4, generator=generator) * 0.5 + 0.2
    targets = batch_targets(
        [torch.rand(boxes, 4, generator=generator) * 0.5 + 0.2], [torch.arange(boxes) % 3]
    )
    phrase_tokens = torch.zeros(1, 3, tokens)
    phrase_tokens[0, 0, 1] = phrase_tokens[0, 1, 2:4] = phrase_tokens[0, 2, 4] = 1
    wanted = targets.token_targets(phrase_tokens)
    order = torch.randperm(queries, generator=generator)
    plain = match(logits, predicted, targets, wanted, MatchingCosts())
    moved = match(logits[:, :, order], predicted[:, :, order], targets, wanted, MatchingCosts())
    assert torch.equal(plain, order[moved])
    assert plain.shape == (1, 1, boxes)
    assert len(set(plain.flatten().tolist())) == boxes


def test_outputs_and_pictures_are_matched_for_themselves() -> None:
    boxes = [torch.tensor([[0.2, 0.2, 0.1, 0.1], [0.7, 0.7, 0.2, 0.2]]), torch.zeros(0, 4)]
    targets = batch_targets(boxes, [torch.tensor([0, 0]), torch.zeros(0, dtype=torch.int64)])
    predicted = torch.full((2, 2, 3, 4), 0.5)
    predicted[0, 0, 2], predicted[0, 0, 0] = boxes[0][0], boxes[0][1]
    predicted[1, 0, 1], predicted[1, 0, 2] = boxes[0][0], boxes[0][1]
    wanted = targets.token_targets(torch.ones(2, 1, 1))
    queries = match(torch.zeros(2, 2, 3, 1), predicted, targets, wanted, MatchingCosts())
    assert queries.tolist() == [[[2, 0], [-1, -1]], [[1, 2], [-1, -1]]]


def test_boxes_without_a_query_are_left_over() -> None:
    boxes = torch.tensor([[0.2, 0.2, 0.1, 0.1], [0.5, 0.5, 0.2, 0.2], [0.8, 0.8, 0.1, 0.1]])
    targets = batch_targets([boxes], [torch.zeros(3, dtype=torch.int64)])
    wanted = targets.token_targets(torch.ones(1, 1, 1))
    queries = match(torch.zeros(1, 1, 2, 1), boxes[None, None, [2, 0]], targets, wanted, MatchingCosts())
    assert queries.tolist() == [[[1, -1, 0]]]


def test_no_boxes_and_broken_predictions_are_survived() -> None:
    nothing = batch_targets([torch.zeros(0, 4)], [torch.zeros(0, dtype=torch.int64)])
    wanted = nothing.token_targets(torch.ones(1, 1, 2))
    found = match(torch.zeros(1, 1, 3, 2), torch.rand(1, 1, 3, 4), nothing, wanted, MatchingCosts())
    assert found.shape == (1, 1, 0)
    one = batch_targets([torch.tensor([[0.5, 0.5, 0.1, 0.1]])], [torch.tensor([0])])
    broken = torch.full((1, 1, 3, 4), float("nan"))
    found = match(
        torch.zeros(1, 1, 3, 2), broken, one, one.token_targets(torch.ones(1, 1, 2)), MatchingCosts()
    )
    assert found.shape == (1, 1, 1)
    assert int(found) in (0, 1, 2)

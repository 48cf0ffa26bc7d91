"""The contrastive class head: how well a query fits each token of the prompt."""

import math

import torch
from torch import Tensor, nn

# An untrained detector should say "nothing here" almost everywhere, or the focal loss starts with a storm.
_PRIOR_PROBABILITY = 0.01


class ContrastiveHead(nn.Module):
    """Dot products of queries and text tokens, optionally scaled and shifted.

    Parameters
    ----------
    log_scale : str
        ``none``: the plain product; ``auto``: divided by the root of the width; a number: the logarithm
        that a
        learned factor starts from.
    bias : bool
        Whether a learned shift is added; it starts at the logit of a probability of 0.01.
    """

    def __init__(self, log_scale: str, bias: bool) -> None:
        super().__init__()
        self.divide = log_scale == "auto"
        self.log_scale = nn.Parameter(torch.tensor(float(log_scale))) if _is_number(log_scale) else None
        start = -math.log((1 - _PRIOR_PROBABILITY) / _PRIOR_PROBABILITY)
        self.bias = nn.Parameter(torch.tensor(start)) if bias else None

    def forward(
        self, vision_hidden_state: Tensor, text_hidden_state: Tensor, text_token_mask: Tensor
    ) -> Tensor:
        """Score queries against tokens.

        Parameters
        ----------
        vision_hidden_state : Tensor
            ``(B, Q, D)``.
        text_hidden_state : Tensor
            ``(B, L, D)``.
        text_token_mask : Tensor
            ``(B, L)`` bool, true for tokens.

        Returns
        -------
        Tensor
            Logits ``(B, Q, L)``, ``-inf`` at padding.
        """
        logits = vision_hidden_state @ text_hidden_state.transpose(-1, -2)
        if self.divide:
            logits = logits / math.sqrt(vision_hidden_state.shape[-1])
        if self.log_scale is not None:
            logits = logits * self.log_scale.exp()
        if self.bias is not None:
            logits = logits + self.bias
        return logits.masked_fill(~text_token_mask[:, None, :], float("-inf"))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

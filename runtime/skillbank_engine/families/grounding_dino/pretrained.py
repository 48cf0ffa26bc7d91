"""Models as they came: a folder that transformers saved, or a name on the model hub."""

from dataclasses import dataclass, field

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import WeightsError
from skillbank_engine.families.grounding_dino.architecture import Architecture, architecture_from_spec
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.families.grounding_dino.weights import load_pretrained


@dataclass(frozen=True)
class PretrainedModel:
    """A loaded model that no run of this engine has trained; it is used like a checkpoint.

    Attributes
    ----------
    network : Detector
        With its weights, on the CPU.
    tokenizer : PhraseTokenizer
        Of the weights.
    spec : dict
        A full-size inference spec: how such models see pictures.
    pixels : PixelScale
        Without levels: nobody knows what such a model has seen of more than 8 bits.
    """

    network: Detector
    tokenizer: PhraseTokenizer
    spec: dict[str, object]
    labels: tuple[str, ...] = ()
    pixels: PixelScale = field(default_factory=PixelScale)

    @property
    def architecture(self) -> Architecture:
        """What the network was built from."""
        return self.network.architecture

    def detector(self) -> Detector:
        """The network itself."""
        return self.network


def read_pretrained(name: str, key: str) -> PretrainedModel:
    """Load a whole Grounding DINO from a folder or the hub.

    Parameters
    ----------
    name : str
        The folder, or ``OWNER/NAME`` on the hub.
    key : str
        What names it, for messages.

    Raises
    ------
    WeightsError
        Nothing there, not reachable, or nothing that fits.
    """
    spec = build_spec("inference", {"inference": {"checkpoint": name}, "engine": {"profile": "full"}})
    try:
        network, tokenizer = load_pretrained(name, architecture_from_spec(spec))
    except WeightsError as error:
        raise WeightsError(str(error).replace("train.pretrained_model_path", key)) from error
    return PretrainedModel(network, tokenizer, spec.model_dump())

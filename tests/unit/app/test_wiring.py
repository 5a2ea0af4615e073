"""What the composition root hands on."""

from pathlib import Path

from models.settings import LearningSettings
from schemas.program_file import load_program
from tierline.settings import load_settings
from tierline.wiring import trainer_config

CHECKOUT = Path(__file__).resolve().parents[3]


def learning_of(program: Path) -> LearningSettings:
    settings = load_settings({"TIERLINE_KAFKA": "localhost:9092", "TIERLINE_PROGRAM": str(program)})
    return trainer_config(settings).learning


def test_the_trainer_learns_by_default_as_the_shipped_program_says() -> None:
    assert learning_of(CHECKOUT / "program.yaml") == LearningSettings()


def test_the_trainer_is_told_k_and_the_traits_of_the_program() -> None:
    file = CHECKOUT / "examples" / "own_segments.yaml"
    learning, traits = learning_of(file), load_program(file).segments.traits
    assert learning.k == 4
    assert learning.budget_frequency_top == float(traits.budget_buyer.frequency_top) == 0.25
    assert learning.budget_aov_bottom == float(traits.budget_buyer.aov_bottom) == 0.30
    assert learning.power_monetary_top == float(traits.power_user.monetary_top) == 0.10
    assert learning.power_aov_top == float(traits.power_user.aov_top) == 0.15

"""The compiler: one request, one action, one plan. Pure: it reads skills and nothing else."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.engines import engine_facts
from skillbank.bank.files import utf8_name
from skillbank.bank.isolation import said_of_skill
from skillbank.bank.skill import Skill
from skillbank.bank.values import check_relations
from skillbank.errors import SkillFormatError
from skillbank.plan import breakage, data_formats, inference, layers
from skillbank.plan.draft import Draft, Parent
from skillbank.plan.hardware import hardware_notes, memory_of, node_env, resources_of, section
from skillbank.plan.inputs import input_bindings
from skillbank.plan.model import FORMAT, Origin, Plan, Question, Resources, SkillRef
from skillbank.plan.notes import add_notes
from skillbank.plan.policy import NOT_RUNNABLE, resolve_policy, resolve_route
from skillbank.plan.products import Product, product_of
from skillbank.plan.questions import ask_for_the_rest, left_open
from skillbank.plan.reading import say_what_was_not_read
from skillbank.plan.request import Request
from skillbank.plan.search import search_settings, take_settings
from skillbank.plan.search_needs import search_needs
from skillbank.plan.variables import HUB_VARIABLES, name_problems
from skillbank.plan.weights import WEIGHTS, weights_named, weights_question
from skillbank.plugins import Group, names
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["Parent", "accepted_products", "compile_plan", "split_command"]

_LONGEST_SPLIT = 20_000
"""Characters of a command that is split here; it takes seconds for what is much longer."""
_OWN = Origin()


@said_of_skill
def compile_plan(
    skill: Skill,
    request: Request,
    platform: str,
    parent: Parent | None = None,
    origin: Origin = _OWN,
) -> Plan:
    """Compile a request into a plan.

    The spec is built in layers: template, key_defaults, the parent's structural model values,
    dataset rows, inference functions, and what the user set; later layers win.

    Parameters
    ----------
    origin
        Of the skill's bank, when it comes from outside: it stands in the plan, and is approved with it.

    Raises
    ------
    ActionNotFoundError, SpecError, UsageError
        For what the request gets wrong; what it leaves open becomes a question of the plan.
    """
    action = _chosen_action(skill, request, parent)
    request = data_formats.left_to_program(skill, action, breakage.left_to_program(skill, action, request))
    request, said = take_settings(request)
    draft = Draft(skill, action, request, parent)
    draft.warnings += request.notes
    policy = resolve_policy(request)
    route = resolve_route(skill, action.name, policy)
    _build_spec(draft)
    _ask_what_words_left_open(draft, platform)
    ask_for_the_rest(draft, route)
    with_gpu = _ask_for_weights(draft, platform)
    add_notes(draft)
    say_what_was_not_read(draft, policy)
    if route.reason.startswith(NOT_RUNNABLE):
        draft.warnings.append(route.reason)
    metric = action.metric or skill.info.metric or skill.monitoring_metric
    direction = action.metric_direction or skill.info.metric_direction
    searched = search_settings(draft, route, said, metric, direction)
    image = _image(draft, platform)
    resources = _resources(draft, platform)
    inputs = tuple(input_bindings(draft))
    data_formats.refuse_unheard(request, inputs, draft.questions)
    on_broken, unheard = breakage.settled(request, inputs)
    draft.warnings += [unheard] if unheard else []
    plan = Plan.model_validate(
        {
            "format": FORMAT,
            "skill": SkillRef(
                name=skill.name,
                version=skill.frontmatter.version,
                digest=skill.digest,
                bank=skill.bank,
                **origin.model_dump(exclude={"folder"}),
            ),
            "action": action.name,
            "variant": action.variant,
            "network_arch": draft.info.network_arch or skill.info.network_arch,
            "route": route,
            "automl_policy": policy,
            "platform": platform,
            "image": image,
            "image_source": request.image_source if request.image else "skill",
            "command": split_command(action.command),
            "mode": action.mode,
            "config_format": action.config_format,
            "spec": draft.builder.spec,
            "overrides": draft.builder.overrides,
            "inputs": inputs,
            "outputs": action.outputs,
            "upload_excludes": action.upload_excludes,
            "resources": resources,
            "env_names": _variables(draft, resources.nodes, any(each.on_hub for each in inputs)),
            "env_required": _needed(draft, resources.nodes),
            "parents": (parent.ref,) if parent else (),
            "questions": tuple(draft.questions.values()),
            "questions_with_gpu": with_gpu,
            "warnings": tuple(dict.fromkeys(draft.warnings)),
            "left_open": left_open(skill, action, draft.builder.spec),
            "first_category": _first_category(draft.skill, draft.action),
            "data_type": skill.dataset_type if any(each.place for each in inputs) else "",
            "metric": _first(searched, "metrics", metric),
            "metric_direction": _first(searched, "directions", direction),
            "automl": searched,
            "results_root": request.results_root,
            "on_broken": on_broken,
            "request": request.text,
            "left_out": request.left_out,
            "skill_path": utf8_name(str(skill.root)),
            "bank_path": utf8_name(origin.folder),
        }
    )
    if searched is None:
        return plan
    return plan.model_copy(update={"search": search_needs(plan, skill, partial(compile_plan, origin=origin))})


def _build_spec(draft: Draft) -> None:
    """Put the layers of the spec upon each other, what the user set last."""
    for layer in (layers.key_defaults, layers.parent_structure, layers.dataset_rows, layers.inferred):
        draft.builder.apply(layer(draft))
    draft.builder.apply(draft.user)
    check_relations(draft.schema, draft.builder.set_by_user, draft.builder.get)


def _ask_what_words_left_open(draft: Draft, platform: str) -> None:
    """Ask what reading the words left open, but for what an option has said."""
    on_platform = Sentence(f"{option('platform', platform)}")
    for question in draft.request.questions:
        said = question.key == WEIGHTS and weights_named(draft)
        if not said and on_platform not in question.choices:
            draft.ask(question.key, question.why, question.choices)


def _ask_for_weights(draft: Draft, platform: str) -> tuple[Question, ...]:
    """Ask which weights a model starts from; what is asked only where there is a GPU is returned."""
    question, with_gpu = weights_question(draft, platform)
    if question is None:
        return ()
    if with_gpu:
        return (question,)
    draft.ask(question.key, question.why, question.choices)
    return ()


def _image(draft: Draft, platform: str) -> str | None:
    """Return the image that a job runs in; ask where one is missing, or would not be looked at."""
    request, action = draft.request, draft.action
    image = request.image or draft.skill.image(action)
    local = platform == "local"
    if local and request.image is not None and request.image_source == "--image":
        draft.ask(
            "image",
            f"nothing runs in the image {request.image} on platform local; name another platform or no image",
            tuple(f"{option('platform', name)}" for name in names(Group.PLATFORMS) if name != platform),
        )
    if image is None and not local:
        draft.ask("image", f"no container image is known for action '{action.name}' of {draft.skill.name}")
    return image


def _resources(draft: Draft, platform: str) -> Resources:
    """Return what a job takes of its platform; a note for what is less than the skill asks for."""
    facts = draft.info if draft.info.facts.get("hardware") else draft.skill.info
    spec, request = draft.builder.spec, draft.request
    resources = resources_of(spec, draft.info, draft.action, request).model_copy(
        update={"gpu_memory_gb": memory_of(facts)}
    )
    if platform != "local":
        # The local platform runs what is installed there, with or without a GPU.
        draft.warnings += hardware_notes(section(facts, "hardware"), spec, resources, request.gpu_memory_gb)
    return resources


def _first(searched: dict[str, Any] | None, name: str, otherwise: str | None) -> str | None:
    """Return the first of what a search has of a kind, what the skill says where it is not searched over."""
    found: list[str] = searched.get(name, []) if searched is not None else []
    return found[0] if found else otherwise


def _variables(draft: Draft, nodes: int, hub: bool) -> list[str]:
    """Return the names of the variables that a job gets of our environment beyond what every program needs.

    Raises
    ------
    SkillFormatError
        When the skill asks for one that no bank is given.
    """
    asked = {*draft.info.required_credentials, *node_env(section(draft.skill.info, "multi_node"), nodes)}
    if problems := name_problems(sorted(asked)):
        said = "; and for one that ".join(problems)
        raise SkillFormatError(
            f"{one_line(draft.skill.name, 60)} asks for a variable that {said}; take it out of "
            "required_credentials or multi_node.env in its skill_info.yaml"
        )
    return sorted({*asked, *(HUB_VARIABLES if hub else ())})


def _needed(draft: Draft, nodes: int) -> list[str]:
    """Return the names without which the job cannot work, but for those that its platform sets itself."""
    info = draft.info
    return sorted({*info.required_credentials} - {*info.optional_credentials} - {*node_env({}, nodes)})


def split_command(command: str) -> tuple[str, ...]:
    """Split a command to argv, once, without a shell.

    What only a shell can read (several lines, here-documents, substitutions, odd quotes) becomes one argument
    of ``bash -c``; ``{config_path}`` stays literal for launch to replace.
    """
    if (
        len(command) > _LONGEST_SPLIT
        or "\n" in command.strip()
        or any(mark in command for mark in ("$(", "<<", "&&", "|", ";"))
    ):
        return ("bash", "-c", command)
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ("bash", "-c", command)


def _chosen_action(skill: Skill, request: Request, parent: Parent | None) -> Action:
    """Return the named variant, else the one whose model field takes what the parent leaves."""
    if request.variant is None and parent is not None:
        product = product_of(parent.ref.action)
        named = [a for a in skill.actions if a.name == request.action]
        fitting = [a for a in named if product in accepted_products(a)]
        if fitting and all(a.variant is not None for a in fitting):
            return fitting[0]
    return skill.action(request.action, request.variant)


def _first_category(skill: Skill, action: Action) -> int | None:
    """Return the id of the first category in the COCO documents of an action, where its skill says it.

    What a skill says of another program than the one that it starts counts for nothing.
    """
    engine = engine_facts(skill.info.facts)
    return (
        engine.first_category if engine and split_command(action.command)[:1] == (engine.program,) else None
    )


def accepted_products(action: Action) -> set[Product]:
    """Return what an action can start from: its required model fields, or all where none is required."""
    fields = [key for key, function in action.spec_params.items() if function == "parent_model"]
    required = {i.key for i in action.inputs if not i.optional}
    return {inference.field_accepts(key) for key in [k for k in fields if k in required] or fields}

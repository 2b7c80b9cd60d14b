"""Which code a measurement depends on, as one hash: definition by definition, not file by file.

From an experiment's `run`, its config's class and the measuring parts of the harness, names are
followed to the definitions that they lead to, in the papers and in the harness. Each definition
gets a label: the hash of its words with the labels of the others in place of their names (Merkle).
So neither a definition's name, nor its file, nor how it is imported is part of a digest, and
neither is any code that is not reached. Definitions that lead to each other are labelled together,
in as many rounds as there are of them, each from the labels of the round before (Weisfeiler and
Lehman).

Names can hide what runs. Whoever reaches a definition therefore also reaches the statements that
change it when a module is imported: registrations, and what is put into tables. A module that is
used as a value counts as a whole, and statements with an effect elsewhere count for all who
import their module.
"""

from __future__ import annotations

import hashlib
from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import harness
from harness.paper import Refused
from harness.plan.definitions import Modules
from harness.plan.scopes import Key, Target, Targets
from harness.plan.wording import SLOT

# the parts of the harness that can move a number, whatever an experiment imports; a definition
# counts wherever it stands, so that old commits are read by the same code
INSTRUMENT = ("Meter", "Trial", "stream", "prepare")
CLOCK = ("clock", "synchroniser")  # which seconds a trial is charged; once there was no choice
HOMES = ("harness.meter", "harness.budget", "harness.trial", "harness.training.device")

Edge = tuple[Key, Key]  # a definition, and a statement elsewhere that changes it


@dataclass(frozen=True)
class Digest:
    """The hashes of what is measured and of what it is said to cost."""

    code: str
    clock: str


def digest(root: Path, run: str, *configs: str) -> Digest:
    """Return the digest of an experiment, from the sources below `root` and of this harness.

    `run` is its function ("papers.darts.league.search:run"), and `configs` are the classes of its
    config and of what that holds ("papers.darts.league.config:LeagueSearch").

    Raises:
        Refused: a measuring part of the harness stands where nobody looks for it.
    """
    sources = _sources(root)
    if not sources.modules.is_current():
        _sources.cache_clear()
    return _sources(root).digest(run, *configs)


def reached(root: Path, run: str) -> list[str]:
    """Return the modules of the definitions that an experiment's function leads to."""
    digest(root, run)  # reads the sources anew where they have changed
    return _sources(root).reached(run)


@cache
def _sources(root: Path) -> Sources:
    return Sources(root)


@dataclass(frozen=True)
class Effects:
    """What the statements of one module do when it is imported."""

    own: Mapping[Key, list[Key]]
    elsewhere: Sequence[Edge]
    acts: Sequence[Key]


class Sources:
    """The sources of papers and harness as they are now, with the labels of their definitions."""

    def __init__(self, root: Path, instrument: Path | None = None) -> None:
        """Take the folder from which papers are imported, and the one from which harness is."""
        self.modules = Modules(root, instrument or Path(harness.__file__).parents[1])
        self.effects = cache(self._effects)
        self.closure = cache(self._closure)
        self._graphs: dict[frozenset[Edge], Graph] = {}

    def digest(self, run: str, *configs: str) -> Digest:
        """Return the digest of one experiment; see the function of the same name."""
        roots = {"run": self._named(run)}
        roots |= {f"config {i}": self._named(config) for i, config in enumerate(configs)}
        for name in INSTRUMENT:
            roots[name] = self._part(name)
            if not roots[name]:
                raise Refused(f"none of {', '.join(HOMES)} defines {name}")
        clock = {name: self._part(name) for name in CLOCK}
        return Digest(self._hash(roots), self._hash(clock))

    def reached(self, run: str) -> list[str]:
        """Return the modules of one function; see the function of the same name."""
        roots = [target for target in self._named(run) if not target.external]
        graph, _ = self.closure(tuple(sorted({target.module for target in roots})))
        return sorted({name for name, _ in graph.reached(target.key for target in roots)})

    def _named(self, text: str) -> Targets:
        module, _, name = text.partition(":")
        if self.modules.module(module) is None:
            return (Target(text, external=True),)  # of a library: it counts by its name
        # a name that is made when the module runs: then all of the module counts
        return self.modules.attribute(module, name.partition(".")[0]) or (Target(module),)

    def _part(self, name: str) -> Targets:
        """Return a part of the harness, wherever it stands."""
        found = (self.modules.resolve(home, name) for home in HOMES)
        return next((targets for targets in found if targets), ())

    def _hash(self, roots: Mapping[str, Targets]) -> str:
        names = [target.module for targets in roots.values() for target in targets]
        graph, acts = self.closure(tuple(sorted(set(names))))
        said = [
            f"{role} {target.module if target.external else graph.label(target.key)} {target.part}"
            for role, targets in roots.items()
            for target in targets
        ]
        said += [f"effect {graph.label(key)}" for key in acts]
        return hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest()[:12]

    def _closure(self, names: tuple[str, ...]) -> tuple[Graph, list[Key]]:
        """Return the graph and the further effects of all that is imported with some modules."""
        effects = [self.effects(name) for name in self.modules.closure(names)]
        edges = frozenset(edge for each in effects for edge in each.elsewhere)
        if edges not in self._graphs:
            self._graphs[edges] = Graph(self, edges)
        return self._graphs[edges], [key for each in effects for key in each.acts]

    def _effects(self, name: str) -> Effects:
        own: dict[Key, list[Key]] = defaultdict(list)
        elsewhere: list[Edge] = []
        acts: list[Key] = []
        module = self.modules.module(name)
        for place in range(len(module.statements) if module else 0):
            key = (name, place)
            said = self.modules.wording(key)
            changed = set(said.changes)
            for called in said.calls:
                changed |= self._changed_by(called)
            for other in sorted(changed - {key}):
                if other[0] == name:
                    own[other].append(key)
                else:
                    elsewhere.append((other, key))
            acts += [key] if said.acts else []
        return Effects(own, elsewhere, acts)

    def _changed_by(self, key: Key) -> set[Key]:
        """Return what may change when a definition is called as a module is imported."""
        found = {key}
        waiting = [key]
        while waiting:
            fresh = set(self.modules.wording(waiting.pop()).slots) - found
            found |= fresh
            waiting += fresh
        said = {each: self.modules.wording(each) for each in found}
        noting = {each for each in found if "__init_subclass__" in said[each].text}
        return noting.union(*(each.changes for each in said.values()))


@dataclass
class Graph:
    """Labels of definitions, where some statements change definitions of other modules."""

    sources: Sources
    elsewhere: frozenset[Edge]
    labels: dict[Key, str] = field(default_factory=dict)

    def label(self, key: Key) -> str:
        """Return the label of a definition: a hash of all that it leads to."""
        if key not in self.labels:
            for component in self._components(key):
                self._settle(component)
        return self.labels[key]

    def _attached(self, key: Key) -> list[list[Key]]:
        """Return the statements that change a definition, module by module, in their order."""
        groups: dict[str, list[Key]] = defaultdict(list)
        own = self.sources.effects(key[0]).own.get(key, [])
        others = [statement for changed, statement in self.elsewhere if changed == key]
        for statement in sorted([*own, *others]):
            groups[statement[0]].append(statement)
        return list(groups.values())

    def _successors(self, key: Key) -> Iterator[Key]:
        yield from self.sources.modules.wording(key).slots
        for group in self._attached(key):
            yield from group

    def reached(self, start: Iterable[Key]) -> set[Key]:
        """Return the definitions that some lead to, and those themselves."""
        found: set[Key] = set()
        waiting = list(start)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self._successors(key)
        return found

    def _settle(self, component: Sequence[Key]) -> None:
        """Label definitions that lead to each other, and to others that have their labels."""
        inner = dict.fromkeys(component, "")
        circular = len(component) > 1 or component[0] in self._successors(component[0])
        for _ in range(len(component) + 1 if circular else 1):
            known = ChainMap({key: f"~{label}" for key, label in inner.items()}, self.labels)
            inner = {key: self._hash(key, known) for key in component}
        self.labels |= inner

    def _hash(self, key: Key, labels: Mapping[Key, str]) -> str:
        said = self.sources.modules.wording(key)
        pieces = said.text.split(SLOT)
        filled = [labels[slot] + piece for slot, piece in zip(said.slots, pieces[1:], strict=True)]
        groups = [" ".join(labels[each] for each in group) for group in self._attached(key)]
        text = "\0".join([pieces[0] + "".join(filled), *sorted(groups)])
        return hashlib.sha256(text.encode()).hexdigest()

    def _components(self, start: Key) -> Iterator[list[Key]]:
        """Yield what is not labelled yet, those that lead to each other together (Tarjan 1972).

        A component comes after all to which it leads.
        """
        order: dict[Key, int] = {}
        low: dict[Key, int] = {}
        stack: list[Key] = []
        work: list[tuple[Key, Iterator[Key]]] = []

        def begin(key: Key) -> None:
            order[key] = low[key] = len(order)
            stack.append(key)
            work.append((key, self._successors(key)))

        begin(start)
        while work:
            key, successors = work[-1]
            following = next((s for s in successors if s not in self.labels), None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[key])
                if low[key] == order[key]:
                    at = stack.index(key)
                    component, stack[at:] = stack[at:], []
                    yield component
            elif following not in order:
                begin(following)
            else:  # still on the stack, for it has no label
                low[key] = min(low[key], order[following])

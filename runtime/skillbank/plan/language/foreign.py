"""German and French words that people mix into an English request, word by word; grammar stays English."""

from __future__ import annotations

from skillbank.plan.language.tokens import Text

_WORDS = {
    "no": "kein keine keinen keinerlei pas aucun aucune",
    "not": "nicht nie jamais",
    "without": "ohne sans",
    "with": "mit mittels avec",
    "on": "auf sur",
    "from": "aus von vom depuis",
    "for": "für",
    "and": "und sowie et",
    "or": "oder ou",
    "then": "dann danach anschließend anschliessend puis ensuite",
    "but": "aber mais",
    "the": "der das le les",
    "a": "ein eine einen einer un une",
    "to": "zum zur",
    "please": "bitte svp stp",
    "want": "möchte moechte voudrais veux souhaite brauche brauchen",
    "thanks": "danke merci gracias",
    "hello": "hallo moin servus bonjour salut",
    "i": "ich je",
    "we": "wir nous",
    "train": "trainiere trainieren trainiert entraîne entraîner entraine entrainer",
    "training": "entraînement entrainement",
    "evaluate": "evaluiere evaluieren auswerten évalue évaluer evaluer",
    "evaluation": "auswertung évaluation",
    "export": "exportiere exportieren exporter exporte",
    "quantize": "quantisiere quantisieren quantifier",
    "find": "finde finden suche suchen trouve trouver cherche chercher",
    "data": "daten données donnees",
    "images": "bilder bildern",
    "epochs": "epochen époques epoques",
    "results": "ergebnisse ergebnis résultats resultats",
    "folder": "ordner dossier",
    "validation": "validierung",
    "use": "nimm benutze verwende utilise utiliser",
}
_ENGLISH = {foreign: word for word, listed in _WORDS.items() for foreign in listed.split()}


def translate(text: Text) -> None:
    """Put English words in the place of foreign ones."""
    known = [t for t in text.tokens if t.text in _ENGLISH]
    for token in known:
        token.text = _ENGLISH[token.text]
    if known:
        text.replace(0, 0)

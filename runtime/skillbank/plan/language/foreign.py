"""German and French words that people mix into an English request, word by word; grammar stays English."""

from __future__ import annotations

from skillbank.plan.language.tokens import Text
from skillbank.plan.language.words import rx

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


_PHRASES = tuple(
    (rx(pattern), word)
    for pattern, word in (
        (r"guten (?:tag|morgen|abend)|gr[uü](?:ß|ss) gott|buen(?:os|as) (?:d[ií]as|tardes)"
         r"|buon ?giorno|bom dia|hola|ciao|salve|ol[aá]|hej|hoi|goedemorgen", "hello"),
        (r"vielen (?:lieben )?dank|herzlichen dank|besten dank|merci (?:beaucoup|bien)|mille mercis"
         r"|(?:muchas )?gracias|grazie(?: mille)?|obrigad[oa]|dank ?je(?: wel)?|dziękuję|tack", "thanks"),
        (r"s'il (?:vous|te) pla[iî]t|por favor|per favore|alstublieft|alsjeblieft", "please"),
        (r"(?:mit |viele |beste |liebe |freundliche )+(?:freundlichen )?gr(?:ü|u|ue)(?:ß|ss)en?"
         r"|bien cordialement|cordialement|bonne (?:journ[eé]e|soir[eé]e)|saludos|(?:cordiali )?saluti"
         r"|gr(?:ü|u|ue)(?:ß|ss)e", "thanks"),
    )
)  # fmt: skip
"""Greetings, thanks and closings, of which a word alone may mean something else ("Tag")."""


def translate(text: Text) -> None:
    """Put English words in the place of foreign ones."""
    for pattern, word in _PHRASES:
        text.rewrite(pattern, lambda found, word=word: [found.one(word)])  # type: ignore[misc]
    known = [t for t in text.tokens if t.text in _ENGLISH]
    for token in known:
        token.text = _ENGLISH[token.text]
    if known:
        text.replace(0, 0)

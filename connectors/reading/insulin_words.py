"""Which of the two kinds an insulin is, by the word that an export has for it, in any language."""

from __future__ import annotations

# What a word has in it. Brands: summaries of product characteristics (EMA).
LONG_ACTING = (
    *("long", "lang", "prolong", "lent", "dlouhodob", "larga", "lunga", "lång", "długo", "pitkä"),
    *("basal", "depot", "intermediate", "lantus", "levemir", "tresiba", "toujeo", "abasaglar"),
    *("basaglar", "semglee", "insulatard", "glargin", "degludec", "detemir"),
)
FAST_ACTING = (
    *("fast", "rapid", "rápid", "schnell", "kurz", "rychl", "court", "snel", "hurtig", "snabb"),
    *("szybk", "gyors", "nopea", "short", "brev", "bolus", "humalog", "novolog", "fiasp"),
    *("apidra", "lyumjev", "admelog", "lispro", "aspart", "glulisin", "actrapid"),
)
_LONG, _FAST = "|".join(LONG_ACTING), "|".join(FAST_ACTING)


def insulin_metric(*columns: str) -> str:
    """SQL: the metric that the words in these columns stand for, NULL where they say nothing.

    A word of both kinds (`Long-acting bolus`) says nothing. `mix` insulins are of both, too.
    """
    text = f"lower(concat_ws(' ', {', '.join(columns)}))"
    return (
        f"case when regexp_matches({text}, '{_LONG}') and not regexp_matches({text}, '{_FAST}')"
        f" then 'insulin_long_acting' when regexp_matches({text}, '{_FAST}')"
        f" and not regexp_matches({text}, '{_LONG}|mix') then 'insulin_bolus' end"
    )

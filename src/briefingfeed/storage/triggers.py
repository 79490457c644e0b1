"""Consent is append-only and a rendition never changes: the databases themselves see to it.

After an erasure the source and note of older consent rows, where people write names, may be blanked: nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SQLITE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "consent": (
            """
            CREATE TRIGGER consent_keep_row BEFORE DELETE ON consent
            BEGIN SELECT RAISE(ABORT, 'consent is append-only'); END""",
            """
            CREATE TRIGGER consent_keep_content BEFORE UPDATE ON consent
            WHEN NOT (NEW.id = OLD.id AND NEW.subscriber_id = OLD.subscriber_id AND NEW.kind = OLD.kind
                AND NEW.at = OLD.at AND NEW.source = '' AND NEW.note = ''
                AND EXISTS (SELECT 1 FROM consent WHERE subscriber_id = OLD.subscriber_id AND kind = 'erased'))
            BEGIN SELECT RAISE(ABORT, 'consent is append-only'); END""",
        ),
        "rendition": (
            """
            CREATE TRIGGER rendition_keep_row BEFORE DELETE ON rendition
            BEGIN SELECT RAISE(ABORT, 'a rendition never changes'); END""",
            """
            CREATE TRIGGER rendition_keep_content BEFORE UPDATE ON rendition
            BEGIN SELECT RAISE(ABORT, 'a rendition never changes'); END""",
        ),
    }
)
"""Statements by table."""

POSTGRESQL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "consent": (
            """
            CREATE FUNCTION consent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'consent is append-only' USING ERRCODE = 'restrict_violation';
            END $$""",
            """
            CREATE FUNCTION consent_keep_content() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.id = OLD.id AND NEW.subscriber_id = OLD.subscriber_id AND NEW.kind = OLD.kind
                    AND NEW.at = OLD.at AND NEW.source = '' AND NEW.note = ''
                    AND EXISTS (SELECT FROM consent WHERE subscriber_id = OLD.subscriber_id AND kind = 'erased')
                THEN RETURN NEW; END IF;
                RAISE EXCEPTION 'consent is append-only' USING ERRCODE = 'restrict_violation';
            END $$""",
            """
            CREATE TRIGGER consent_keep_row BEFORE DELETE ON consent
            FOR EACH ROW EXECUTE FUNCTION consent_refuse()""",
            """
            CREATE TRIGGER consent_keep_all BEFORE TRUNCATE ON consent
            FOR EACH STATEMENT EXECUTE FUNCTION consent_refuse()""",
            """
            CREATE TRIGGER consent_keep_content BEFORE UPDATE ON consent
            FOR EACH ROW EXECUTE FUNCTION consent_keep_content()""",
        ),
        "rendition": (
            """
            CREATE FUNCTION rendition_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'a rendition never changes' USING ERRCODE = 'restrict_violation';
            END $$""",
            """
            CREATE TRIGGER rendition_keep_row BEFORE UPDATE OR DELETE ON rendition
            FOR EACH ROW EXECUTE FUNCTION rendition_refuse()""",
            """
            CREATE TRIGGER rendition_keep_all BEFORE TRUNCATE ON rendition
            FOR EACH STATEMENT EXECUTE FUNCTION rendition_refuse()""",
        ),
    }
)
"""The same, in the words of PostgreSQL."""

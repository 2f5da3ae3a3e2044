"""docs/adaptors.md says what the docstrings say. Its examples are run by owt-cli's tests."""

import pytest

import adaptors_doc


def test_the_document_is_up_to_date():
    written = adaptors_doc.DOCUMENT.read_text(encoding="utf-8")
    assert written == adaptors_doc.document(), "run `make adaptors-doc`"


def test_a_name_in_scope_is_not_forgotten(monkeypatch):
    monkeypatch.setattr(adaptors_doc, "SECTIONS", adaptors_doc.SECTIONS[1:])
    with pytest.raises(ValueError, match="request"):
        adaptors_doc.document()

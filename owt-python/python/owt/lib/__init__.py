"""Small ready parts of adaptors: `shell`, `stream`, `encoding`, `tts`."""

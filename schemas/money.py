"""Money: integer minor units inside, decimal text on the wire, ISO 4217 for the number of digits."""

from decimal import Context, Decimal, Inexact, InvalidOperation

MINOR_MAX = 10**15
"""No single amount is larger, in minor units."""


class AmountError(ValueError):
    """An amount cannot be held as minor units of its currency."""


class AmountPrecisionError(AmountError):
    """An amount has more digits than its currency's minor unit."""


class AmountRangeError(AmountError):
    """An amount is not a number, or is larger than ``MINOR_MAX`` minor units."""


class UnknownCurrencyError(AmountError):
    """A currency code is not in ISO 4217."""


def minor_digits(currency: str) -> int:
    """Return how many digits the currency's minor unit has; UnknownCurrencyError if ISO 4217 lacks it."""
    try:
        return _DIGITS[currency]
    except KeyError:
        raise UnknownCurrencyError("not an ISO 4217 currency code such as USD") from None


def is_currency(code: str) -> bool:
    """Tell whether ISO 4217 has this code."""
    return code in _DIGITS


def to_minor(amount: Decimal, currency: str) -> int:
    """Return ``amount`` in minor units, exactly.

    Raises AmountPrecisionError when it has digits below the minor unit, AmountRangeError when it is not finite or
    beyond ``MINOR_MAX``, UnknownCurrencyError.
    """
    try:
        unit, factor = _UNITS[currency]
        minor = int(_EXACT.multiply(_EXACT.quantize(amount, unit), factor))
    except (KeyError, ArithmeticError, ValueError):
        raise _why_not(amount, currency) from None
    if not -MINOR_MAX <= minor <= MINOR_MAX:
        raise _why_not(amount, currency)
    return minor


def format_minor(minor: int, currency: str) -> str:
    """Return the decimal text of ``minor`` units with all digits of the currency: ``1250`` USD is ``"12.50"``."""
    digits = minor_digits(currency)
    if digits == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def from_minor(minor: int, currency: str) -> Decimal:
    """Return the amount that ``minor`` units are."""
    return Decimal(minor).scaleb(-minor_digits(currency))


# Quantizing traps both what has more digits than the unit and what has more than 20 digits in all.
_EXACT = Context(prec=20, traps=[Inexact, InvalidOperation])


def _why_not(amount: Decimal, currency: str) -> AmountError:
    if currency not in _DIGITS:
        return UnknownCurrencyError("not an ISO 4217 currency code such as USD")
    if not amount.is_finite() or amount.copy_abs() > Decimal(MINOR_MAX).scaleb(-minor_digits(currency)):
        return AmountRangeError("too large")
    return AmountPrecisionError(f"more digits than the minor unit of {currency}")


_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS
INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"

_DIGITS: dict[str, int] = {
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
    **dict.fromkeys(_FOUR_DIGITS.split(), 4),
}
_UNITS: dict[str, tuple[Decimal, Decimal]] = {
    currency: (Decimal(1).scaleb(-digits), Decimal(10**digits)) for currency, digits in _DIGITS.items()
}

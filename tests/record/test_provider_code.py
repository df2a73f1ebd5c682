"""Provider codes: the real ones hold, and whatever is changed in them is found and named."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import InvalidRecord
from countermark.record import ProviderCode, Service, SubjectType, schema

# As they stand in files that these providers have published.
REAL = {
    "Doubao": "001191110102MACQD9K64010000",
    "Doubao, as propagator": "001191110102MACQD9K64028705",
    "Tencent": "001191440300708461136T1XGW3",
    "StepFun": "001191310104MACE0YX63918020",
}
CREDIT_CODES = (
    "91350100M000100Y43",  # the example of GB 32100-2015
    *(code[4:22] for code in REAL.values()),
)
IDENTITY_NUMBERS = ("11010519491231002X", "440524188001010014")  # the examples of GB 11643-1999
CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("text", REAL.values(), ids=REAL)
def test_real_codes_hold(text: str) -> None:
    code = ProviderCode(text)
    assert str(code) == text
    assert code.subject_type is SubjectType.ORGANISATION
    assert code.service is (Service.PROPAGATION if text[22] == "2" else Service.GENERATION)
    assert (code.subject_code, code.application) == (text[4:22], text[23:])
    made = ProviderCode.of(code.subject_code, service=code.service, application=code.application)
    assert made == code


@pytest.mark.parametrize("uscc", CREDIT_CODES)
def test_code_without_extension_names_no_service(uscc: str) -> None:
    code = ProviderCode.of(uscc)
    assert str(code) == f"0011{uscc}00000"
    assert (code.service, code.application) == (None, "0000")


@pytest.mark.parametrize("number", IDENTITY_NUMBERS)
def test_code_of_an_individual(number: str) -> None:
    code = ProviderCode.of_person(number, service=Service.GENERATION, application="A001")
    assert str(code) == f"0021{number}1A001"
    assert code.subject_type is SubjectType.INDIVIDUAL


TENCENT = REAL["Tencent"]
PERSON = "002111010519491231002X00000"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 characters instead of 27"),
        (TENCENT[:-1], "26 characters"),
        (TENCENT + "0", "28 characters"),
        (TENCENT.lower(), "other characters"),
        (TENCENT.replace("X", "\uff38"), "other characters"),
        ("\u0660" + TENCENT[1:], "other characters"),
        ("01" + TENCENT[2:], "format 01"),
        ("003" + TENCENT[3:], "subject type 3"),
        ("0012" + TENCENT[4:], "binding 2"),
        (TENCENT[:21] + "U" + TENCENT[22:], "check digit would have to be T"),
        (TENCENT[:10] + "O" + TENCENT[11:], "with O, which such codes do not use"),
        (TENCENT[:22] + "3" + TENCENT[23:], "service 3"),
        (TENCENT[:22] + "0XGW3", "application XGW3"),
        ("0021" + TENCENT[4:], "not 17 digits and a check digit"),
        (PERSON[:21] + "1" + PERSON[22:], "identity number .* check digit is wrong"),
        ("0011" + PERSON[4:], "check digit"),
    ],
)
def test_error_says_which_part_is_wrong(text: str, says: str) -> None:
    with pytest.raises(InvalidRecord, match=says) as caught:
        ProviderCode(text)
    assert caught.value.remedy == (
        "Take the code from the provider's registration; it is never made up."
    )


@pytest.mark.parametrize("text", [None, 5, b"001191440300708461136T1XGW3"])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(InvalidRecord, match="not a text"):
        ProviderCode(text)  # type: ignore[arg-type]


def test_identity_number_is_not_repeated_in_errors() -> None:
    with pytest.raises(InvalidRecord) as caught:
        ProviderCode(PERSON[:21] + "1" + PERSON[22:])
    assert PERSON[4:15] not in str(caught.value)


@pytest.mark.parametrize(
    ("uscc", "application"),
    [("91440300708461136", "0000"), ("91440300708461136TT", "0000"), ("", "0000"),
     ("91440300708461136T", "0"), ("91440300708461136T", "00000"), (None, "0000"),
     ("91440300708461136T", "xgw3"), ("91440300708461136T", "XGW3")],
)  # fmt: skip
def test_code_cannot_be_made_from_other_data(uscc: str, application: str) -> None:
    with pytest.raises(InvalidRecord):
        ProviderCode.of(uscc, application=application)


@given(
    st.sampled_from(CREDIT_CODES),
    st.integers(0, 17),
    st.sampled_from(CREDIT_CHARACTERS),
)
def test_every_mistyped_character_of_a_credit_code_is_found(
    code: str, place: int, character: str
) -> None:
    if code[place] == character:
        return
    with pytest.raises(InvalidRecord):
        ProviderCode.of(code[:place] + character + code[place + 1 :])


@given(st.sampled_from(IDENTITY_NUMBERS), st.integers(0, 16))
def test_every_pair_of_exchanged_digits_is_found(number: str, place: int) -> None:
    if number[place] == number[place + 1]:
        return
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(InvalidRecord):
        ProviderCode.of_person(swapped)


@given(st.text(string.digits + string.ascii_uppercase, min_size=27, max_size=27) | st.text())
def test_what_is_accepted_is_built_like_a_code(text: str) -> None:
    try:
        code = ProviderCode(text)
    except InvalidRecord:
        return
    assert re.fullmatch(schema()["$defs"]["provider_code"]["pattern"], str(code))

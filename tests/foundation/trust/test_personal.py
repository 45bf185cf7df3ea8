import pytest
from hypothesis import given
from hypothesis import strategies as some

from foundation.trust.personal import mask_personal_data


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("写信到li.na@example.com.cn。", "写信到[e-mail]。"),
        ("电话：138-0013-8000，+86 13800138000", "电话：[phone]，[phone]"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("call +44 20 7946 0958. Or +49 30 901820, please", "call [phone]. Or [phone], please"),
        ("电话１３８００１３８０００，邮箱li.na＠example.com", "电话[phone]，邮箱[e-mail]"),
        ("my iban is de89 3704 0044 0532 0130 00 thank you", "my iban is [IBAN] thank you"),
        ("nl91abna0417164300", "[IBAN]"),
        ("身份证11010519491231002X丢了", "身份证[identity number]丢了"),
        ("my card 4111 1111 1111 1111 was charged", "my card [card] was charged"),
        ("amex 3782-822463-10005", "amex [card]"),
        ("银联6222021234567890128", "银联[card]"),
        ("dni 12345678Z, NIE X1234567L", "dni [identity number], NIE [identity number]"),
        ("codice RSSMRA85T10A562S", "codice [identity number]"),
        ("n° 2 95 10 99 126 111 93", "n° [identity number]"),
        ("PESEL 44051401359", "PESEL [identity number]"),
        ("Steuer-ID 36 574 261 809", "Steuer-ID [identity number]"),
        ("personnummer 811228-9874", "personnummer [identity number]"),
        ("personnummer 198112289874", "personnummer [identity number]"),
        ("order 8112289874 of 198113289874 kr", "order 8112289874 of 198113289874 kr"),
        ("my ssn is 536-90-4399", "my ssn is [identity number]"),
        ("pay to DE89 3704 0044 0532 0130 00, please", "pay to [IBAN], please"),
        ("card 4111 1111 1111 1111 123 expired", "card [card] 123 expired"),
        ("5555 5555 5555 4444 08/27", "[card] 08/27"),
        ("4111.1111.1111.1111 or 4111  1111  1111  1111", "[card] or [card]"),
        ("银联6222 0212 3456 7890 128", "银联[card]"),
        ("diners 3056 930902 5904", "diners [card]"),
        ("身份证 110105 19491231 002X", "身份证 [identity number]"),
        ("DNI 12.345.678-Z", "DNI [identity number]"),
        ("ssn 536 90 4399", "ssn [identity number]"),
        ("call (415) 555-2671 or 415-555-2671", "call [phone] or [phone]"),
        ("020 7946 0958, 0044 20 7946 0958, +44 (0)20 7946 0958", "[phone], [phone], [phone]"),
        ("座机010-62345678，0571 8765 4321", "座机[phone]，[phone]"),
        ("联系人张三,13800138000", "联系人张三,[phone]"),
        ("收货人:李四,13900139000,上海", "收货人:李四,[phone],上海"),
        ("13800138000,13900139000", "[phone],[phone]"),
        ("Tel.13800138000, 008613800138000", "Tel.[phone], [phone]"),
        ("card,4111 1111 1111 1111,08/27", "card,[card],08/27"),
        ("4111111111111111,5555555555554444", "[card],[card]"),
        ("No.4111\u00a01111\u00a01111\u00a01111", "No.[card]"),
        ("AT61 1904 3002 3457 3201 BIC GKCCATWW", "[IBAN] BIC GKCCATWW"),
        ("BE68 5390 0754 7034 BIC GKCCBEBB", "[IBAN] BIC GKCCBEBB"),
        ("ES91 2100 0418 4502 0005 1332 HELP ME", "[IBAN] HELP ME"),
        ("nl91 abna 0417 1643 00 please", "[IBAN] please"),
        ("06 12 34 56 78, 06.12.34.56.78 ou 0612345678", "[phone], [phone] ou [phone]"),
        ("1-415-555-2671 or 415 555 2671", "[phone] or [phone]"),
        ("电话+49 171 1234567", "电话[phone]"),
        ("身份证110105-19491231-002X", "身份证[identity number]"),
        ("SSN 536904399", "SSN [identity number]"),
        ("schreib an jörg.müller@example.de", "schreib an [e-mail]"),
    ],
)
def test_what_points_at_a_person_is_masked(text: str, masked: str) -> None:
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Revenue rose to 4,111,111,111.11 from 3,900,000,000",
        "净利润12345678901.23元，同比+12.5%",
        "Shares of 600519 and 00700.HK rose +3.4 %, volume 4111111111111112",
        "Between 2024-01-01 and 2025-12-31 sales were 13,800 million",
        "身份证110105194912310021有误",
        "dni 12345678A, ssn 000-12-3456, PESEL 44051401358",
        "order TW-48213907 and TW-36574261",
        "净利润36574261809元",
        "净利润13800138000元，成交13800138000.50，共13800138000股",
        "Volume 123456789015 and 1234567890128 shares",  # both pass Luhn, and no card is so short or begins so
        "Notes due 2031, ISIN US0378331005",
        "Between 2019 and 2023, 0.25 0.50 0.75, 12-13 March, 300-400 staff",
        "rose from 1,000.50 to 2,000.75, codes 600519-000001, 2024.03.15",
        "4111 1111 1111 1112 123 units",
        "sales 1,13800138000 and 12,13900139000.50",
        "ssn 123, total 536904399 shares",
    ],
)
def test_figures_of_a_report_stay(text: str) -> None:
    assert mask_personal_data(text) == text


@given(some.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_personal_data(text)
    assert mask_personal_data(once) == once

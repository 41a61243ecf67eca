"""Rows of service agreements (三方协议) and of who has signed them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base


class ServiceAgreementRow(Base):
    """An agreement. It is in force from `valid_from` to `last_day` once it has been filed."""

    __tablename__ = "service_agreements"
    __table_args__ = (
        CheckConstraint("(kind = 'SINGLE_HOST') = (host_credit_code <> '')", name="a_single_host_is_named"),
        CheckConstraint("kind <> 'FRAMEWORK' OR bureau_credit_code <> ''", name="a_framework_has_its_bureau"),
        CheckConstraint("valid_from <= valid_to", name="a_term_of_a_day"),
        CheckConstraint("last_day <= valid_to", name="ends_with_its_term"),
        CheckConstraint("min_days_a_year BETWEEN 1 AND 366", name="days_of_a_year"),
        CheckConstraint(
            "(file_date IS NOT NULL) = (state IN ('FILED', 'ENDED', 'TERMINATED'))", name="in_force_once_filed"
        ),
        Index("service_agreements_by_division", "division", "id"),
        Index("service_agreements_by_partner", "partner_division", "id"),
        Index("service_agreements_by_unit", "sending_unit_credit_code", "id"),
        Index("service_agreements_by_host", "host_credit_code", "id"),
        Index("service_agreements_by_commissioner", "commissioner_id", "valid_from"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    # as the register had them when the text was written
    sending_unit_credit_code: Mapped[str] = mapped_column(String(18))
    sending_unit_name: Mapped[str] = mapped_column(String(100))
    host_credit_code: Mapped[str] = mapped_column(String(18))
    host_name: Mapped[str] = mapped_column(String(100))
    bureau_credit_code: Mapped[str] = mapped_column(String(18))
    bureau_name: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    last_day: Mapped[date]
    services: Mapped[list[str]]
    min_days_a_year: Mapped[int] = mapped_column(Integer)
    deliverables: Mapped[str] = mapped_column(String(1000))
    intellectual_property: Mapped[str] = mapped_column(String(1000))
    confidentiality: Mapped[str] = mapped_column(String(1000))
    pay_a_year_fen: Mapped[int] = mapped_column(BigInteger)
    expense_bearer: Mapped[str] = mapped_column(String(16))
    pay_terms: Mapped[str] = mapped_column(String(500))
    insurance_bearer: Mapped[str] = mapped_column(String(16))
    exit_terms: Mapped[str] = mapped_column(String(500))
    file_sha256: Mapped[str] = mapped_column(String(64))
    filing_number: Mapped[str] = mapped_column(String(64), default="")
    file_date: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    rule_pack: Mapped[str] = mapped_column(String(120))
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class ServiceAgreementSignatureRow(Base):
    """One party's signature on the text as it is: a change of the text deletes it."""

    __tablename__ = "service_agreement_signatures"
    __table_args__ = (PrimaryKeyConstraint("agreement_id", "role"),)

    agreement_id: Mapped[str] = mapped_column(ForeignKey("service_agreements.id"))
    role: Mapped[str] = mapped_column(String(16))
    signed_on: Mapped[date]
    noted_by_unit: Mapped[str] = mapped_column(String(64))
    record_time: Mapped[datetime]

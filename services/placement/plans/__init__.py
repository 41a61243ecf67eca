"""Dispatch plans (派驻计划): drawn up, asked why, published."""

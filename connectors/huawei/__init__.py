"""Huawei Health: the data of the privacy centre."""

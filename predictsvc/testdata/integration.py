"""The integration test of the Python original: one wine, one answer. Its address is the first argument, http://127.0.0.1:9003 without."""

import sys

import requests

address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:9003"

wine = {"volatile acidity": 0.7, "citric acid": 0.0, "sulphates": 0.56, "alcohol": 9.4}

response = requests.post(address + "/predict", json=wine, timeout=10)
expected = {"quality": 5, "model": "sk-rfc-model"}

print(response.status_code, response.text)
assert response.json() == expected, response.text
assert isinstance(response.json()["quality"], int)
assert list(response.json()) == list(expected)

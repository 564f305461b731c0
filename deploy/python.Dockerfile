# A Python server (MLflow, Prefect, Evidently) with the very packages that the tests of this project run, whose pins lie in
# stack/requirements. The makers' own images cannot do it: MLflow's has no driver for Postgres or S3, Evidently's none for Postgres, and
# nothing in Prefect's keeps SQLAlchemy below 2.1, with which its scheduler never starts a run.
FROM python:3.11.15-slim-bookworm

# PINS names a file of stack/requirements; PACKAGES are installed, with what they need, at the versions found there.
ARG PINS
ARG PACKAGES

COPY stack/requirements/${PINS}.txt /pins.txt
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --only-binary=:all: --constraint /pins.txt ${PACKAGES} \
    && useradd --create-home --uid 10001 server

ENV PYTHONUNBUFFERED=1
USER server
WORKDIR /home/server

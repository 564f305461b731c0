# The Prefect server, with its own broker in memory and its data in Postgres.
# shellcheck shell=bash disable=SC2034,SC2154
port=$PREFECT_PORT
health=/api/ready
environment=(
  PREFECT_HOME="$dir/prefect"
  PREFECT_SERVER_DATABASE_CONNECTION_URL="$(database_url postgresql+asyncpg prefect)"
  # On a machine that is busy with tests the defaults, 5 and 10 seconds, end the server in the middle of its first migration.
  PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT=60
  PREFECT_SERVER_DATABASE_TIMEOUT=60
  PREFECT_SERVER_ANALYTICS_ENABLED=false
  # The user interface asks for the API on port 4200 unless told.
  PREFECT_SERVER_UI_API_URL="http://127.0.0.1:$port/api"
  PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT=false
  # One event at a time, the default, records 24 task runs a second; this records more than 100.
  PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE=200
  PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE=200
  # Whole seconds: the recorder rounds down, and with 0 it would occupy a processor for good.
  PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL=1
  PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE=200
  PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE=200
  PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL=0.5
)
command=("$("$here/venv" --check prefect || true)" -m prefect server start --host 127.0.0.1 --port "$port")

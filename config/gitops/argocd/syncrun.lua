-- The health of a SyncRun for Argo CD: healthy when everything succeeded, degraded when it ended otherwise. A sync that
-- waits for a run goes on at these two alone, so a run that does nothing more has one of them.
local health = {status = "Progressing", message = "The manager has not looked at the run yet."}
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local complete, succeeded = conditions["Complete"], conditions["Succeeded"]
if complete ~= nil then
  health.message = complete.message
end
if complete == nil or complete.status ~= "True" then
  if obj.metadata.deletionTimestamp ~= nil then
    health.status = "Degraded"
    health.message = "The run was deleted before it ended. Nothing more is done."
  elseif complete ~= nil and (complete.reason == "TaskHeld" or complete.reason == "TaskSuspended") then
    health.status = "Suspended"
  end
elseif succeeded ~= nil and succeeded.status == "True" then
  health.status = "Healthy"
elseif complete.reason == "RestoredCopy" then
  -- A restored backup: it is not executed, and nothing is wrong.
  health.status = "Healthy"
else
  -- It failed, wholly or in part, somebody cancelled it, or its task was deleted: what was asked for was not done.
  health.status = "Degraded"
end
return health

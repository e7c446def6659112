-- The health of a SyncRun for Argo CD: healthy when everything succeeded, degraded when anything failed.
local health = {status = "Progressing", message = "The manager has not looked at the run yet."}
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local complete, succeeded = conditions["Complete"], conditions["Succeeded"]
if complete == nil then
  return health
end
health.message = complete.message
if complete.status ~= "True" then
  if complete.reason == "TaskHeld" or complete.reason == "TaskSuspended" then
    health.status = "Suspended"
  end
elseif succeeded ~= nil and succeeded.status == "True" then
  health.status = "Healthy"
elseif complete.reason == "RestoredCopy" then
  -- A restored backup: it is not executed, and nothing is wrong.
  health.status = "Healthy"
elseif complete.reason == "Cancelled" or complete.reason == "TaskDeleted" then
  -- Somebody stopped it.
  health.status = "Suspended"
else
  health.status = "Degraded"
end
return health

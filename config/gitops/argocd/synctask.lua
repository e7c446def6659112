-- The health of a SyncTask for Argo CD. It is about the definition: how runs end shows in their own health. A task that
-- somebody stopped is healthy, and its message says so: a sync with waves or hooks would wait for a suspended one.
local health = {status = "Progressing", message = "The manager has not looked at the task yet."}
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration ~= obj.metadata.generation then
  health.message = "The manager has not looked at the present definition yet."
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready, pending = conditions["Ready"], conditions["DeletionsPending"]
if conditions["Stalled"] ~= nil and conditions["Stalled"].status == "True" then
  health.status = "Degraded"
  health.message = conditions["Stalled"].message
elseif conditions["Reconciling"] ~= nil and conditions["Reconciling"].status == "True" then
  health.message = conditions["Reconciling"].message
elseif ready ~= nil and ready.status == "True" then
  health.status = "Healthy"
  health.message = ready.message
  if pending ~= nil and pending.status == "True" then
    health.message = ready.message .. " " .. pending.message
  end
end
return health

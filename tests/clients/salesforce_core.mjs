// Salesforce's own @salesforce/core (what the `sf` command line stands on) against the plain port.

import { check, equal, modules, ok, org, refusal, run } from './checks.mjs';

const { AuthInfo, Connection, Org } = modules('@salesforce/core');
const oauth2Options = {
  clientId: org.client_id,
  clientSecret: org.client_secret,
  loginUrl: org.url,
  refreshToken: org.refresh_token,
};
let conn;

check('sign in with a refresh token', async () => {
  const authInfo = await AuthInfo.create({ oauth2Options });
  const fields = authInfo.getFields();
  equal([fields.orgId, fields.username], [org.org_id, org.username]);
  await authInfo.save();
  conn = await Connection.create({ authInfo });
});

check('versions', async () => {
  ok(Number(await conn.retrieveMaxApiVersion()) >= 59, 'no version');
  conn.setApiVersion('59.0');
});

check('org and who it belongs to', async () => {
  const own = await Org.create({ connection: conn });
  await own.refreshAuth();
  equal(await own.determineIfDevHubOrg(true), false);
  equal((await conn.identity()).organization_id, org.org_id);
});

check('query with all pages', async () => {
  const total = (await conn.query('SELECT count() FROM Contact')).totalSize;
  const all = await conn.autoFetchQuery('SELECT Id FROM Contact', { maxFetch: 100000 });
  equal(all.records.length, total);
  const one = await conn.singleRecordQuery('SELECT Id, Name FROM Organization LIMIT 1');
  equal(one.Id, org.org_id);
});

check('describe, create, update, delete', async () => {
  ok((await conn.describe('Account')).fields.length > 10, 'no fields');
  const made = await conn.sobject('Account').create({ Name: 'core' });
  ok((await conn.sobject('Account').update({ Id: made.id, Name: 'changed' })).success, 'update');
  equal((await conn.sobject('Account').retrieve(made.id)).Name, 'changed');
  ok((await conn.sobject('Account').destroy(made.id)).success, 'delete');
});

check('tooling query', async () => {
  const { records } = await conn.tooling.query('SELECT Id, DeveloperName FROM CustomField LIMIT 5');
  ok(records.length > 0, 'no custom fields');
});

check('metadata', async () => {
  const described = await conn.metadata.describe('59.0');
  ok(described.metadataObjects.length > 0, 'no metadata');
});

check('wrong query', async () => {
  equal((await refusal(conn.query('SELECT Nope FROM Account'))).errorCode, 'INVALID_FIELD');
});

check('an access token alone', async () => {
  const authInfo = await AuthInfo.create({
    username: org.access_token,
    accessTokenOptions: { accessToken: org.access_token, instanceUrl: org.url, loginUrl: org.url },
  });
  const own = await Connection.create({ authInfo });
  ok((await own.query('SELECT count() FROM Account')).totalSize > 0, 'no accounts');
});

await run();

// jsforce 3, unmodified, against the sandbox's plain port.

import { check, equal, modules, ok, org, refusal, run } from './checks.mjs';

const jsforce = modules('jsforce');
const loginUrl = org.url;
const version = process.env.API_VERSION ?? '59.0';
const tag = `JS${version.slice(0, 2)}`;
const oauth2 = { loginUrl, clientId: org.client_id, clientSecret: org.client_secret };
const conn = new jsforce.Connection({
  instanceUrl: org.url,
  accessToken: org.access_token,
  version,
});

check('session token', async () => {
  equal((await conn.query('SELECT Id FROM Account LIMIT 1')).records.length, 1);
  ok(conn.limitInfo.apiUsage.limit === 100000, 'the limit header was not read');
});

check('client credentials', async () => {
  const own = new jsforce.Connection({ instanceUrl: org.url, oauth2, version });
  const user = await own.authorize({ grant_type: 'client_credentials' });
  equal(user.organizationId, org.org_id);
  ok((await own.query('SELECT count() FROM Account')).totalSize > 0, 'no accounts');
});

check('refresh of an expired session', async () => {
  const own = new jsforce.Connection({
    oauth2,
    instanceUrl: org.url,
    accessToken: `${org.org_id.slice(0, 15)}!expired`,
    refreshToken: org.refresh_token,
    version,
  });
  ok((await own.query('SELECT count() FROM Account')).totalSize > 0, 'no accounts');
});

check('a refused session says so', async () => {
  const own = new jsforce.Connection({ instanceUrl: org.url, accessToken: '00D!no', version });
  equal((await refusal(own.query('SELECT Id FROM Account'))).errorCode, 'INVALID_SESSION_ID');
});

check('SOAP login, logout', async () => {
  const own = new jsforce.Connection({ loginUrl, version });
  const user = await own.login(org.username, org.password + org.security_token);
  equal(user.organizationId, org.org_id);
  ok((await own.query('SELECT count() FROM Account')).totalSize > 0, 'no accounts');
  equal((await own.soap.getUserInfo()).organizationId, org.org_id);
  const token = own.accessToken;
  await own.logout();
  const after = new jsforce.Connection({ instanceUrl: org.url, accessToken: token, version });
  equal((await refusal(after.query('SELECT Id FROM Account'))).errorCode, 'INVALID_SESSION_ID');
});

check('SOAP login refused', async () => {
  const own = new jsforce.Connection({ loginUrl, version });
  const error = await refusal(own.login(org.username, 'wrong'));
  ok(String(error).includes('INVALID_LOGIN'), String(error));
});

check('web-server flow: address', async () => {
  const flow = new jsforce.OAuth2({ ...oauth2, redirectUri: 'http://localhost:1/cb' });
  const answer = await fetch(flow.getAuthorizationUrl({ scope: 'api refresh_token' }));
  equal(answer.status, 200);
});

check('identity', async () => {
  const who = await conn.identity();
  equal(who.organization_id, org.org_id);
  ok(who.urls.rest.includes('{version}'), who.urls.rest);
});

check('versions', async () => {
  const versions = await conn.request('/services/data');
  ok(versions.some((one) => one.version === version), 'our version is not listed');
});

check('describeGlobal and describe', async () => {
  const all = await conn.describeGlobal();
  ok(all.sobjects.some((one) => one.name === 'Account' && one.queryable), 'no Account');
  const account = await conn.sobject('Account').describe();
  ok(account.fields.some((one) => one.name === 'ARR__c' && one.type === 'currency'), 'no ARR__c');
  ok(account.childRelationships.some((one) => one.relationshipName === 'Contacts'), 'no Contacts');
  equal((await refusal(conn.describe('Nothing__c'))).errorCode, 'NOT_FOUND');
  const layouts = await conn.sobject('Account').layouts();
  ok(layouts.layouts.length === 1, 'no layout');
});

check('limits', async () => {
  ok((await conn.limits()).DailyApiRequests.Max === 100000, 'no allowance');
});

check('query, queryMore, autoFetch, scanAll', async () => {
  const own = new jsforce.Connection({ instanceUrl: org.url, accessToken: org.access_token, version });
  const total = (await own.query('SELECT count() FROM Contact')).totalSize;
  const options = { headers: { 'Sforce-Query-Options': 'batchSize=200' } };
  ok(total > 400, `${total} contacts are too few to page`);
  let page = await own.query('SELECT Id FROM Contact', options);
  let seen = page.records.length;
  equal([page.done, seen], [false, 200], 'first page');
  while (!page.done) {
    page = await own.queryMore(page.nextRecordsUrl);
    seen += page.records.length;
  }
  equal(seen, total, 'paged');
  const fetched = await own.query('SELECT Id FROM Contact', { autoFetch: true, maxFetch: 100000, ...options });
  equal(fetched.records?.length ?? fetched.length, total, 'autoFetch');
  const all = await own.query('SELECT Id, IsDeleted FROM Contact', { scanAll: true });
  ok(all.totalSize >= total, 'scanAll');
  let events = 0;
  await new Promise((resolve, reject) => {
    own
      .query('SELECT Id FROM Contact')
      .on('record', () => (events += 1))
      .on('end', resolve)
      .on('error', reject)
      .run({ autoFetch: true, maxFetch: 100000, ...options });
  });
  equal(events, total, 'events');
});

check('find and its conditions', async () => {
  const found = await conn
    .sobject('Account')
    .find({ Type: { $in: ['Customer', 'Prospect'] }, Name: { $like: '%' }, CreatedDate: { $lt: jsforce.SfDate.TODAY } }, 'Id, Name, Owner.Name')
    .sort({ Name: 1 })
    .limit(5)
    .skip(1)
    .execute();
  equal(found.length, 5);
  ok(found[0].Owner.Name, 'no owner');
  const one = await conn.sobject('Account').findOne({ Id: found[0].Id });
  equal(one.Name, found[0].Name);
  ok((await conn.sobject('Account').count({ Type: 'Customer' })) > 0, 'no count');
});

check('subquery', async () => {
  const { records } = await conn.query('SELECT Id, (SELECT Id, Email FROM Contacts) FROM Account LIMIT 20');
  ok(records.some((one) => one.Contacts && one.Contacts.records[0].Email), 'no child');
  const included = await conn.sobject('Account').select('Id').include('Contacts').select('Id').end().limit(3).execute();
  equal(included.length, 3);
});

check('aggregates', async () => {
  const { records } = await conn.query('SELECT Type, COUNT(Id) n FROM Account GROUP BY Type ORDER BY COUNT(Id) DESC');
  ok(records[0].n > 0, 'no count');
});

check('wrong queries', async () => {
  equal((await refusal(conn.query('SELECT Nope FROM Account'))).errorCode, 'INVALID_FIELD');
  equal((await refusal(conn.query('SELECT FROM'))).errorCode, 'MALFORMED_QUERY');
  equal((await refusal(conn.query('SELECT Id FROM Nope__c'))).errorCode, 'INVALID_TYPE');
});

check('create, retrieve, update, delete', async () => {
  const made = await conn.sobject('Account').create({ Name: 'jsforce', ARR__c: 12.5 });
  ok(made.success, 'not created');
  equal((await conn.sobject('Account').retrieve(made.id)).ARR__c, 12.5);
  ok((await conn.sobject('Account').update({ Id: made.id, ARR__c: null })).success, 'not updated');
  equal((await conn.sobject('Account').retrieve(made.id)).ARR__c, null);
  ok((await conn.sobject('Account').destroy(made.id)).success, 'not deleted');
  const error = await refusal(conn.sobject('Account').retrieve(made.id));
  ok(['NOT_FOUND', 'ENTITY_IS_DELETED'].includes(error.errorCode), error.errorCode);
  equal((await refusal(conn.sobject('Account').create({}))).errorCode, 'REQUIRED_FIELD_MISSING');
});

check('collections', async () => {
  const rows = [...Array(250).keys()].map((n) => ({ Name: `collection ${n}` }));
  const made = await conn.sobject('Account').create(rows, { allowRecursive: true });
  equal(made.filter((one) => one.success).length, 250, 'created');
  const ids = made.map((one) => one.id);
  const changed = await conn.sobject('Account').update(
    ids.slice(0, 3).map((Id, n) => ({ Id, Name: n === 1 ? 'x'.repeat(300) : `changed ${n}` })),
  );
  equal(changed.map((one) => one.success), [true, false, true], 'updated');
  equal(changed[1].errors[0].statusCode, 'STRING_TOO_LONG');
  equal((await conn.sobject('Account').retrieve(ids.slice(0, 2))).length, 2, 'retrieved');
  const whole = await refusal(
    conn.sobject('Account').create([{ Name: 'a' }, {}], { allOrNone: true }).then((results) => {
      if (results.every((one) => !one.success)) throw new Error('rolled back');
    }),
  );
  equal(whole.message, 'rolled back');
  const gone = await conn.sobject('Account').destroy(ids, { allowRecursive: true });
  equal(gone.filter((one) => one.success).length, 250, 'deleted');
});

check('metadata: create a field, grant it, upsert by it', async () => {
  const made = await conn.metadata.create('CustomField', {
    fullName: `Account.${tag}_Key__c`, label: 'Key', type: 'Text', length: 40, externalId: true, unique: true,
  });
  ok(made.success, JSON.stringify(made));
  const again = await conn.metadata.create('CustomField', {
    fullName: `Account.${tag}_Key__c`, label: 'Key', type: 'Text', length: 40,
  });
  equal([again.success, again.errors.statusCode ?? again.errors[0].statusCode], [false, 'DUPLICATE_DEVELOPER_NAME']);
  const read = await conn.metadata.read('CustomField', `Account.${tag}_Key__c`);
  equal([read.fullName, read.externalId], [`Account.${tag}_Key__c`, true]);
  const described = await conn.metadata.describe(version);
  ok(described.metadataObjects.some((one) => one.xmlName === 'CustomObject'), 'no CustomObject');
  const listed = await conn.metadata.list([{ type: 'CustomObject' }], version);
  ok(listed.some((one) => one.fullName === 'Account'), 'Account is not listed');

  const hidden = await conn.sobject('Account').describe();
  ok(!hidden.fields.some((one) => one.name === `${tag}_Key__c`), 'visible before it was granted');
  const set = await conn.sobject('PermissionSet').create({ Name: tag, Label: tag });
  await conn.sobject('FieldPermissions').create({
    ParentId: set.id, SobjectType: 'Account', Field: `Account.${tag}_Key__c`, PermissionsRead: true, PermissionsEdit: true,
  });
  const own = (await conn.identity()).user_id;
  await conn.sobject('PermissionSetAssignment').create({ PermissionSetId: set.id, AssigneeId: own });

  const first = await conn.sobject('Account').upsert({ [`${tag}_Key__c`]: 'k/1', Name: 'one' }, `${tag}_Key__c`);
  const second = await conn.sobject('Account').upsert({ [`${tag}_Key__c`]: 'k/1', Name: 'two' }, `${tag}_Key__c`);
  equal([first.success, second.success], [true, true], 'upsert');
  const found = await conn.sobject('Account').find({ [`${tag}_Key__c`]: 'k/1' }, 'Id, Name');
  equal(found.map((one) => one.Name), ['two']);
  const many = await conn.sobject('Account').upsert(
    [{ [`${tag}_Key__c`]: 'k/1', Name: 'three' }, { [`${tag}_Key__c`]: 'k/2', Name: 'four' }], `${tag}_Key__c`,
  );
  equal(many.map((one) => [one.success, one.created]), [[true, false], [true, true]], 'upsert of many');
});

check('tooling: create a field, read it back', async () => {
  const made = await conn.tooling.sobject('CustomField').create({
    FullName: `Account.${tag}_Score__c`, Metadata: { label: 'Score', type: 'Number', precision: 5, scale: 1 },
  });
  ok(made.success, JSON.stringify(made));
  const { records } = await conn.tooling.query(
    `SELECT Id, DeveloperName FROM CustomField WHERE DeveloperName = '${tag}_Score'`,
  );
  equal(records.map((one) => one.Id), [made.id]);
  const described = await conn.tooling.describeGlobal();
  ok(described.sobjects.some((one) => one.name === 'CustomField'), 'no CustomField');
  const field = await conn.tooling.describe('CustomField');
  ok(field.fields.some((one) => one.name === 'TableEnumOrId'), 'no TableEnumOrId');
});

check('metadata: retrieve a package, deploy it by SOAP and by REST', async () => {
  conn.metadata.pollInterval = 50;
  const types = [{ members: [`Account.${tag}_Key__c`], name: 'CustomField' }];
  const retrieved = await conn.metadata.retrieve({ apiVersion: version, unpackaged: { types, version } }).complete();
  equal([retrieved.done, retrieved.status, retrieved.messages], [true, 'Succeeded', []]);
  equal(retrieved.fileProperties.map((one) => one.fullName), [`Account.${tag}_Key__c`]);
  const zip = Buffer.from(retrieved.zipFile, 'base64');
  const options = { rollbackOnError: true, singlePackage: true };
  const deployed = await conn.metadata.deploy(zip, options).complete(true);
  equal([deployed.status, deployed.numberComponentsDeployed], ['Succeeded', 1]);
  equal(deployed.details.componentSuccesses.map((one) => one.fullName), [`Account.${tag}_Key__c`]);
  const { id } = await conn.metadata.deployRest(zip, options);
  const rest = await conn.metadata.checkDeployStatus(id, true, true);
  equal([rest.done, rest.status, rest.details.componentFailures], [true, 'Succeeded', []]);
  const wrong = await conn.metadata.deploy(Buffer.from('no zip'), options).complete(true);
  equal([wrong.success, wrong.status, wrong.errorStatusCode], [false, 'Failed', 'INVALID_FILE']);
});

check('search', async () => {
  const made = await conn.sobject('Account').create({ Name: `Sosl ${tag} Cafe` });
  const { searchRecords } = await conn.search(`FIND {${tag}} IN ALL FIELDS RETURNING Account(Id, Name)`);
  equal(searchRecords.map((one) => one.Name), [`Sosl ${tag} Cafe`]);
  await conn.sobject('Account').destroy(made.id);
  equal((await refusal(conn.search('FIND'))).errorCode, 'MALFORMED_SEARCH');
});

check('deleted and updated', async () => {
  const made = await conn.sobject('Account').create({ Name: 'feeds' });
  const [from, to] = [new Date(Date.now() - 3600_000), new Date(Date.now() + 3600_000)];
  ok((await conn.sobject('Account').updated(from, to)).ids.includes(made.id), 'not updated');
  await conn.sobject('Account').destroy(made.id);
  const { deletedRecords } = await conn.sobject('Account').deleted(from, to);
  ok(deletedRecords.some((one) => one.id === made.id), 'not deleted');
});

check('conditional requests', async () => {
  const made = await conn.sobject('Account').create({ Name: 'tagged' });
  const url = `${org.url}/services/data/v${version}/sobjects/Account/${made.id}`;
  const headers = { Authorization: `Bearer ${org.access_token}`, 'Content-Type': 'application/json' };
  const tag = (await fetch(url, { headers })).headers.get('etag');
  equal((await fetch(url, { headers: { ...headers, 'If-None-Match': tag } })).status, 304);
  const change = (condition) =>
    fetch(url, { method: 'PATCH', body: '{"Name":"b"}', headers: { ...headers, 'If-Match': condition } });
  equal([(await change(tag)).status, (await change(tag)).status], [204, 412]);
});

check('recent', async () => {
  ok(Array.isArray(await conn.recent()), 'no list');
});

check('requests in one: composite', async () => {
  const answer = await conn.requestPost('/composite', {
    compositeRequest: [
      { method: 'POST', url: `/services/data/v${version}/sobjects/Account`, referenceId: 'a', body: { Name: 'c' } },
      { method: 'DELETE', url: `/services/data/v${version}/sobjects/Account/@{a.id}`, referenceId: 'b' },
    ],
  });
  equal(answer.compositeResponse.map((one) => one.httpStatusCode), [201, 204]);
});

check('Bulk 2.0 query', async () => {
  const wanted = (await conn.query('SELECT count() FROM Account')).totalSize;
  const stream = await conn.bulk2.query('SELECT Id, Name FROM Account', { pollInterval: 50, pollTimeout: 20000 });
  equal((await stream.toArray()).length, wanted);
  const error = await refusal(conn.bulk2.query('SELECT Nope FROM Account', { pollInterval: 50, pollTimeout: 5000 }));
  ok(String(error).includes('Nope'), String(error));
});

check('Bulk 2.0 ingest', async () => {
  const input = [...Array(30).keys()].map((n) => ({ Name: n === 7 ? '' : `bulk ${n}`, ARR__c: n }));
  const results = await conn.bulk2.loadAndWaitForResults({
    object: 'Account', operation: 'insert', input, pollInterval: 50, pollTimeout: 20000,
  });
  equal([results.successfulResults.length, results.failedResults.length], [29, 1]);
  ok(results.failedResults[0].sf__Error.startsWith('REQUIRED_FIELD_MISSING'), 'another error');
  const ids = results.successfulResults.map((one) => ({ Id: one.sf__Id }));
  const gone = await conn.bulk2.loadAndWaitForResults({
    object: 'Account', operation: 'delete', input: ids, pollInterval: 50, pollTimeout: 20000,
  });
  equal(gone.successfulResults.length, 29);
  const job = conn.bulk2.createJob({ object: 'Account', operation: 'insert' });
  await job.open();
  await job.abort();
  equal((await job.check()).state, 'Aborted');
  await job.delete();
});

check('Bulk 1.0 load and query', async () => {
  const rows = await conn.bulk.load('Account', 'insert', [{ Name: 'bulk one', Type: 'Customer' }, { Name: '', Type: 'Customer' }]);
  equal(rows.map((one) => one.success), [true, false]);
  ok(rows[1].errors[0].includes('REQUIRED_FIELD_MISSING'), JSON.stringify(rows[1]));
  conn.bulk.pollInterval = 50;
  const stream = await conn.bulk.query("SELECT Id, Name FROM Account WHERE Name = 'bulk one'");
  equal((await stream.toArray()).map((one) => one.Name), ['bulk one']);
  const gone = await conn.bulk.load('Account', 'delete', [{ Id: rows[0].id }]);
  equal(gone.map((one) => one.success), [true]);
});

await run();

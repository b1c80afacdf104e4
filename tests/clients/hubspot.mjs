// @hubspot/api-client against the sandbox: sign-in, definitions, all pages, increments, writes, refusals.

import { check, equal, modules, ok, portal, refusal, run } from './checks.mjs';

const { Client } = modules('@hubspot/api-client');

const client = new Client({
  accessToken: portal.access_token,
  basePath: portal.url,
  numberOfApiCallRetries: 3, // waits out the sandbox's own 429s
});
const { companies, contacts, deals } = client.crm;
const newest = [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }];
const filter = (propertyName, operator, value) => ({ propertyName, operator, value });
const search = (filters, more = {}) => ({
  filterGroups: [{ filters }], sorts: newest, properties: ['name'], limit: 200, ...more,
});

check('refresh token, token information', async () => {
  const own = new Client({ basePath: portal.url });
  const tokens = await own.oauth.tokensApi.create(
    'refresh_token', undefined, undefined, portal.client_id, portal.client_secret, portal.refresh_token,
  );
  equal([tokens.tokenType, tokens.expiresIn], ['bearer', 1800]);
  own.setAccessToken(tokens.accessToken);
  equal((await own.oauth.accessTokensApi.get(tokens.accessToken)).hubId, portal.portal_id);
  equal((await own.oauth.refreshTokensApi.get(portal.refresh_token)).hubId, portal.portal_id);
  ok((await own.crm.owners.ownersApi.getPage()).results.length > 0, 'no owners');
});

check('wrong refresh token', async () => {
  const own = new Client({ basePath: portal.url });
  const error = await refusal(
    own.oauth.tokensApi.create(
      'refresh_token', undefined, undefined, portal.client_id, portal.client_secret, 'never-was',
    ),
  );
  equal([error.code, error.body.status], [400, 'BAD_REFRESH_TOKEN']);
});

check('authorization code with the consent page', async () => {
  const own = new Client({ basePath: portal.url });
  const back = 'http://localhost:1/callback';
  const page = new URL(own.oauth.getAuthorizationUrl(portal.client_id, back, 'oauth crm.objects.companies.read'));
  const here = portal.url + page.pathname + page.search;
  ok((await (await fetch(here)).text()).includes('crm.objects.companies.read'), 'no scope on the page');
  const agreed = await fetch(here, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ decision: 'grant' }),
  });
  const code = new URL(agreed.headers.get('location')).searchParams.get('code');
  const tokens = await own.oauth.tokensApi.create(
    'authorization_code', code, back, portal.client_id, portal.client_secret,
  );
  own.setAccessToken(tokens.accessToken);
  ok((await own.crm.companies.basicApi.getPage(1)).results.length === 1, 'no company');
  equal((await refusal(own.crm.deals.basicApi.getPage(1))).code, 403);
  const twice = own.oauth.tokensApi.create(
    'authorization_code', code, back, portal.client_id, portal.client_secret,
  );
  equal((await refusal(twice)).code, 400);
});

check('wrong token', async () => {
  const own = new Client({ accessToken: 'pat-na1-wrong', basePath: portal.url });
  const error = await refusal(own.crm.companies.basicApi.getPage());
  equal([error.code, error.body.category], [401, 'INVALID_AUTHENTICATION']);
});

check('definitions: properties, groups, pipelines, owners, labels, schemas', async () => {
  const { results } = await client.crm.properties.coreApi.getAll('companies');
  ok(results.some((one) => one.name === 'name' && one.type === 'string'), 'no name');
  const one = await client.crm.properties.coreApi.getByName('companies', 'industry');
  ok(one.options.length > 0, 'industry has no options');
  const missing = await refusal(client.crm.properties.coreApi.getByName('companies', 'never_was'));
  equal([missing.code, missing.body.category], [404, 'OBJECT_NOT_FOUND']);
  const pipelines = await client.crm.pipelines.pipelinesApi.getAll('deals');
  ok(pipelines.results[0].stages.some((stage) => stage.id === 'closedwon'), 'no closedwon');
  ok((await client.crm.owners.ownersApi.getPage(undefined, undefined, 100)).results.length > 0, 'no owners');
  const labels = await client.crm.associations.v4.schema.definitionsApi.getAll('contacts', 'companies');
  ok(labels.results.some((label) => label.typeId === 279), 'no default type');
  ok(Array.isArray((await client.crm.schemas.coreApi.getAll()).results), 'no list of schemas');
});

check('all pages of every kind', async () => {
  for (const api of [companies, contacts, deals, client.crm.tickets]) {
    const all = await api.getAll();
    equal(new Set(all.map((one) => one.id)).size, all.length, 'distinct');
    const total = (await api.searchApi.doSearch({ limit: 1 })).total;
    equal(all.length, total, 'read');
  }
  const tasks = await client.crm.objects.tasks.basicApi.getPage(1);
  ok(Array.isArray(tasks.results), 'no tasks');
});

check('pages with history and links', async () => {
  const page = await companies.basicApi.getPage(50, undefined, ['name'], ['name'], ['contacts']);
  ok(page.results[0].propertiesWithHistory.name.length > 0, 'no history');
  ok(page.results.some((one) => one.associations?.contacts.results.length > 0), 'no links');
  ok(page.paging.next.after, 'no next page');
  equal((await refusal(companies.basicApi.getPage(101))).code, 400);
});

check('incremental read by id within a window', async () => {
  const since = Date.now() - 60_000;
  const made = [];
  for (const name of ['inc 1', 'inc 2', 'inc 3']) {
    made.push((await companies.basicApi.create({ properties: { name } })).id);
  }
  const found = [];
  for (let last = '0'; ; last = found.at(-1)) {
    const body = search(
      [filter('hs_lastmodifieddate', 'GTE', String(since)), filter('hs_object_id', 'GT', last)], { limit: 2 },
    );
    const { results } = await companies.searchApi.doSearch(body);
    found.push(...results.map((one) => one.id));
    if (results.length < 2) break;
  }
  ok(made.every((id) => found.includes(id)), `${made} are not all in ${found}`);
  await companies.batchApi.archive({ inputs: made.map((id) => ({ id })) });
});

check('search past 10,000 and with too many filters', async () => {
  const far = await refusal(companies.searchApi.doSearch(search([], { filterGroups: [], after: '10000' })));
  equal(far.code, 400);
  const many = Array(7).fill(filter('name', 'EQ', 'x'));
  equal((await refusal(companies.searchApi.doSearch(search(many)))).code, 400);
});

check('create, read, update, archive, archived walk', async () => {
  const made = await companies.basicApi.create({ properties: { name: 'Node', domain: 'node.example' } });
  const changed = await companies.basicApi.update(made.id, { properties: { city: 'Oslo', domain: '' } });
  equal(changed.properties.city, 'Oslo');
  const read = await companies.basicApi.getById(made.id, ['city', 'domain', 'never_was']);
  equal([read.properties.city, read.properties.domain], ['Oslo', null]);
  ok(!('never_was' in read.properties), 'an unknown property came back');
  await companies.basicApi.archive(made.id);
  const gone = await refusal(companies.basicApi.getById(made.id));
  equal([gone.code, gone.body.category], [404, 'OBJECT_NOT_FOUND']);
  const archived = await companies.getAll(undefined, undefined, undefined, undefined, undefined, true);
  ok(archived.some((one) => one.id === made.id && one.archivedAt), 'not in the archive');
});

check('refused values', async () => {
  const write = (properties) => refusal(companies.basicApi.create({ properties }));
  const codes = async (properties) => (await write(properties)).body.errors.map((one) => one.code);
  equal(await codes({ name: 'x', never_was: '1' }), ['PROPERTY_DOESNT_EXIST']);
  equal(await codes({ name: 'x', industry: 'NEVER' }), ['INVALID_OPTION']);
  equal(await codes({ name: 'x', hs_num_open_deals: '3' }), ['READ_ONLY_VALUE']);
  const email = `node-${Date.now()}@example.test`;
  const first = await contacts.basicApi.create({ properties: { email } });
  const again = await refusal(contacts.basicApi.create({ properties: { email } }));
  equal(again.code, 409);
  ok(again.body.message.includes(`Existing ID: ${first.id}`), again.body.message);
});

check('batches: create, read with a gap, update, upsert by a unique property', async () => {
  const group = 'node_client';
  await client.crm.properties.groupsApi.create('companies', { name: group, label: 'Node' });
  const definition = {
    name: 'node_key', label: 'Key', type: 'string', fieldType: 'text', groupName: group, hasUniqueValue: true,
  };
  await client.crm.properties.coreApi.create('companies', definition);
  const again = await refusal(client.crm.properties.coreApi.create('companies', definition));
  equal([again.code, again.body.category], [409, 'OBJECT_ALREADY_EXISTS']);

  const inputs = [1, 2, 3].map((n) => ({ properties: { name: `batch ${n}` }, associations: [] }));
  const made = (await companies.batchApi.create({ inputs })).results;
  const ids = made.map((one) => ({ id: one.id }));
  const read = await companies.batchApi.read({ inputs: [...ids, { id: '5' }], properties: ['name'], propertiesWithHistory: [] });
  equal([read.results.length, read.numErrors], [3, 1]);
  const changed = await companies.batchApi.update({
    inputs: ids.map(({ id }, n) => ({ id, properties: { node_key: `k${n}` } })),
  });
  equal(changed.results.length, 3);
  const upserted = await companies.batchApi.upsert({
    inputs: ['k0', 'k9'].map((id) => ({ id, idProperty: 'node_key', properties: { name: id } })),
  });
  equal(Object.fromEntries(upserted.results.map((one) => [one.properties.name, one._new])), { k0: false, k9: true });
  const over = Array(101).fill({ properties: { name: 'x' }, associations: [] });
  equal((await refusal(companies.batchApi.create({ inputs: over }))).code, 400);
});

check('associations v4', async () => {
  const company = (await companies.basicApi.create({ properties: { name: 'linked' } })).id;
  const person = (await contacts.basicApi.create({ properties: { firstname: 'Ana' } })).id;
  const v4 = client.crm.associations.v4;
  await v4.basicApi.createDefault('contacts', person, 'companies', company);
  const read = await v4.batchApi.getPage('companies', 'contacts', { inputs: [{ id: company }] });
  equal(read.results[0].to.map((to) => String(to.toObjectId)), [person]);
  const alone = (await companies.basicApi.create({ properties: { name: 'alone' } })).id;
  const none = await v4.batchApi.getPage('companies', 'contacts', { inputs: [{ id: alone }] });
  equal(none.errors[0].subCategory, 'crm.associations.NO_ASSOCIATIONS_FOUND');
  const { results } = await v4.basicApi.getPage('contacts', person, 'companies');
  equal(results.length, 1);
  await v4.basicApi.archive('contacts', person, 'companies', company);
  equal((await v4.basicApi.getPage('contacts', person, 'companies')).results, []);
});

check('export', async () => {
  const body = {
    exportType: 'VIEW', exportName: 'all', format: 'CSV', language: 'EN', objectType: 'COMPANY',
    objectProperties: ['name'], associatedObjectType: [], exportInternalValuesOptions: ['NAMES'],
  };
  // The library's own `start` of 13.5 cannot write its body down, so this goes through apiRequest.
  const started = await client.apiRequest({ method: 'POST', path: '/crm/v3/exports/export/async', body });
  equal(started.status, 202);
  const told = await client.crm.exports.publicExportsApi.getStatus((await started.json()).id);
  equal(told.status, 'COMPLETE');
  const lines = (await (await fetch(told.result)).text()).trim().split('\r\n');
  equal(lines[0], 'hs_object_id,name');
  equal(lines.length - 1, (await companies.searchApi.doSearch({ limit: 1 })).total);
});

check('merge', async () => {
  const [one, two] = [
    await companies.basicApi.create({ properties: { name: 'stays' } }),
    await companies.basicApi.create({ properties: { name: 'goes', city: 'Rome' } }),
  ];
  const merged = await client.apiRequest({
    method: 'POST', path: '/crm/v3/objects/companies/merge',
    body: { primaryObjectId: one.id, objectIdToMerge: two.id },
  });
  equal(merged.status, 200);
  const read = await companies.basicApi.getById(one.id, ['name', 'city', 'hs_merged_object_ids']);
  equal([read.properties.name, read.properties.city], ['stays', 'Rome']);
  ok(read.properties.hs_merged_object_ids.split(';').includes(two.id), 'the loser is not named');
});

await run();

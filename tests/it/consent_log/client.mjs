// What Signatu's published client, unmodified, makes of a server: `node client.mjs FOLDER BASE TOKEN [VAULT]`, where FOLDER
// is what it was installed in. Prints one JSON object.
import { createRequire } from 'node:module';

const [folder, consentAPI, accessToken, vaultId] = process.argv.slice(2);
const { ConsentClient } = createRequire(`${folder}/`)('@signatu/consent');

const client = new ConsentClient({ consentAPI, accessToken, vaultId, headers: { 'x-api-key': 'some account' } });
const target = { subject: `ada@example.org ${consentAPI} ${vaultId}`, target: 'https://foo.example/policy/' };
const marketing = { ...target, scope: 'marketing' };
const fresh = { useCache: false };

const saved = await client.save({
  ...target, action: true, source: 'https://foo.example/?a=b', type: 'COOKIE', metadata: { cookie: '%7B%7D' },
});
const savedMany = await client.save([{ ...marketing, action: true }, { ...marketing, action: false }]);
const loaded = await client.load(target, { ...fresh, limitToCurrent: false });
const loadedCurrent = await client.load(target, fresh);
const current = await client.loadCurrent(target, fresh);
const currentMarketing = await client.loadCurrent(marketing, fresh);
const nobodys = await client.loadCurrent({ ...target, subject: 'nobody' }, fresh);
const refused = await client.save({ target: target.target, action: true }).catch((error) => error.message);

process.stdout.write(JSON.stringify({
  target, saved, savedMany, loaded, loadedCurrent, current, currentMarketing, nobodys: nobodys ?? null, refused,
}));

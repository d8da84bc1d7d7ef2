// Logs in with each connection string that it is given, and prints who it is and whether over TLS, or the SQLSTATE.
const { Client } = require('pg');

async function logIn(connectionString) {
  const client = new Client({ connectionString });
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT current_user AS name, (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS ssl, $1::int + 1 AS sum',
      [41]);
    console.log(`${rows[0].name} ${rows[0].ssl} ${rows[0].sum}`);
    await client.end();
  } catch (error) {
    console.log(error.code);
  }
}

(async () => {
  for (const url of process.argv.slice(2)) await logIn(url);
})();

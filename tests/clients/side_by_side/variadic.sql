-- VARIADIC of built-in functions; numbers at the ends of what numeric can hold.
@a
SELECT concat(variadic array[1,2,3]), concat_ws(',', variadic array[1,2,3]), concat_ws(',', variadic NULL::int[]) IS NULL, concat(variadic NULL::int[]) IS NULL, concat(variadic '{}'::int[]) = '';
SELECT concat_ws(',', variadic 10);
SELECT format('%s, %s', variadic array['a','b']), format('Hello', variadic NULL::int[]), format('%1$s %3$s', variadic array[1,2,3]);
SELECT format('%s', variadic 'x');
SELECT json_build_array(variadic array['a',NULL,'c']), jsonb_build_object(variadic array['a','b']), json_build_array(variadic NULL::text[]);
SELECT jsonb_extract_path('{"a":{"b":5}}', variadic array['a','b']), json_extract_path_text('{"a":{"b":5}}', variadic '{a,b}');
SELECT num_nulls(variadic array[1,NULL,3]), num_nonnulls(variadic '{1,2,3,4}'::int[]), num_nulls(variadic NULL::text[]);
SELECT abs(variadic array[1]);
SELECT int4multirange(variadic array[int4range(1,3), int4range(5,6)]);
SELECT concat('a', variadic array['x','y']);
SELECT round(4.4e131071, -131071) = 4e131071, round(4.5e131071, -131072), round(5.5e131071, -1000000), trunc(9.9e131071, -131071) = 9e131071, trunc(9.9e131071, -1000000);
SELECT sqrt(1.000000000000003::numeric), sqrt(8015491789940783531003294973900306::numeric), sqrt(2::numeric), sqrt(0.0000001::numeric), sqrt(1e100::numeric), sqrt(99999999999999999999.99::numeric);
